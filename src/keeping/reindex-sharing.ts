import {
  forgetSubjects,
  insertOwners,
  insertRuleRecords,
  insertSentReports,
  insertShareRecord,
  inTransaction,
  type Catalog,
  type JournalIndex,
} from '../catalog/index.js';

/**
 * Writes back the shares, rules and sent reports that one catalogue told the journal, after its frames. Of a catalogue
 * that another one followed, only the shares that that one does not have, and its rules if that one never
 * told of any.
 *
 * @param newer epochs that were restored before this one
 * @param onClosed given the name of each account that had to be made for a share
 */
export async function restoreSharing(
  { catalog }: { readonly catalog: Catalog },
  index: JournalIndex,
  epoch: number,
  { newer, onClosed }: { newer: readonly number[]; onClosed: (name: string) => void },
): Promise<void> {
  const isNewest = newer.length === 0;
  for await (const { subject, state } of index.eachState(epoch)) {
    if ('record' in state) return; // frames come last
    if (state.kind === 'share') {
      const { share } = state;
      await inTransaction(catalog, async (tx) => {
        for (const name of await insertOwners(tx, [share.madeBy])) onClosed(name);
        const isSame = await insertShareRecord(tx, share);
        if (isNewest && isSame) await forgetSubjects(tx, [subject]);
      });
    } else if (state.kind === 'rules' && !(await isTold(index, newer, subject))) {
      await inTransaction(catalog, async (tx) => {
        await insertRuleRecords(tx, state.rules);
        if (isNewest) await forgetSubjects(tx, [subject]);
      });
    } else if (state.kind === 'reports') {
      await inTransaction(catalog, async (tx) => {
        await insertSentReports(tx, state.sent);
        if (isNewest) await forgetSubjects(tx, [subject]);
      });
    }
  }
}

async function isTold(
  index: JournalIndex,
  epochs: readonly number[],
  subject: string,
): Promise<boolean> {
  for (const epoch of epochs) if (await index.knows(epoch, subject)) return true;
  return false;
}
