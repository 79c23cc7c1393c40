/** The part of the package that is used here; it brings no types. */
declare module 'nodemailer' {
  export interface Mail {
    readonly from: string;
    readonly to: readonly string[];
    readonly subject: string;
    readonly text: string;
    readonly html: string;
    readonly messageId: string;
    readonly disableFileAccess: true;
    readonly disableUrlAccess: true;
  }

  export interface Sent {
    /** Bare addresses that the server refused. */
    readonly rejected?: readonly string[];
    readonly rejectedErrors?: readonly {
      readonly recipient?: string;
      readonly response?: string;
    }[];
  }

  export interface Transport {
    /** Rejects if no recipient was taken. */
    sendMail(mail: Mail): Promise<Sent>;
    close(): void;
  }

  export interface SmtpOptions {
    readonly url: string;
    readonly connectionTimeout: number;
    readonly greetingTimeout: number;
    readonly socketTimeout: number;
  }

  export function createTransport(options: SmtpOptions): Transport;
}
