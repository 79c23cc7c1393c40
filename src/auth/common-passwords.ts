/**
 * Passwords of at least eight characters that are tried first by whoever guesses, in small letters:
 * rows of keys, rows of digits, the words that come to everyone's mind, and those of our trade.
 */
export const COMMON_PASSWORDS: ReadonlySet<string> = new Set(
  `
  12345678 123456789 1234567890 0123456789 87654321 987654321 0987654321 12341234 11223344 12344321
  11111111 00000000 88888888 99999999 12121212 123123123 147258369 123654789 1q2w3e4r 1q2w3e4r5t
  1qaz2wsx zaq12wsx qwertyui qwertyuiop qwerty12 qwerty123 qwertz123 asdfghjk asdfghjkl asdf1234
  abcd1234 abc12345 abcdefgh aaaaaaaa a1b2c3d4 password password1 password12 password123 passw0rd
  p@ssw0rd p@ssword passwort passwort1 motdepasse changeme changeme1 changeit letmein1 letmein123
  welcome1 welcome123 iloveyou iloveyou1 sunshine princess football baseball superman batman123
  starwars trustno1 whatever computer internet dragon123 master123 monkey123 shadow123 secret123
  default1 test1234 testtest guest123 user1234 root1234 toortoor admin123 admin1234 adminadmin
  administrator platevault observatory telescope astronomy astronomer starlight
  `
    .trim()
    .split(/\s+/),
);
