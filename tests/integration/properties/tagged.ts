import type pg from 'pg'
import { given, ingestPage } from '../ingest/sandbox.ts'
import type { Target } from './deliver.ts'
import type { AccountName, Naming } from './people.ts'
import { START } from './stream.ts'

/** A conversation that was opened and tagged before the stream. */
interface Tagged {
  account: AccountName
  naming: Naming
  tags: { tag: string; setBy: 'human' | 'ai'; minute: number }[]
}

/** One of them has two halves, which a bridge joins. */
const TAGGED: readonly Tagged[] = [
  {
    account: 'page',
    naming: { participant: { identities: [{ kind: 'psid', value: 'PSID-E' }] } },
    tags: [
      { tag: 'quote sent', setBy: 'ai', minute: 4 },
      { tag: 'waiting', setBy: 'ai', minute: 11 },
      { tag: 'vip', setBy: 'human', minute: 1 },
    ],
  },
  {
    account: 'number',
    naming: { participant: { identities: [{ kind: 'wa_id', value: '573001110001' }] } },
    tags: [
      { tag: 'quote sent', setBy: 'ai', minute: 4 },
      { tag: 'vip', setBy: 'ai', minute: 12 },
    ],
  },
  {
    account: 'number',
    naming: { participant: { identities: [{ kind: 'bsuid', scope: 'WABA1', value: 'CO.ANA' }] } },
    tags: [
      { tag: 'quote sent', setBy: 'ai', minute: 8 },
      { tag: 'vip', setBy: 'human', minute: 2 },
    ],
  },
]

/** Opens the conversations and sets their tags, in one order: people and the AI set tags, no provider delivers them. */
export async function openTagged(database: pg.Pool | pg.ClientBase, target: Target): Promise<void> {
  for (const { account, naming, tags } of TAGGED) {
    const to = given(
      target.accounts.find(({ externalId }) => externalId === `${account}${target.mark}`),
      account,
    )
    const [opened] = await ingestPage(database, to, [{ ...naming, events: [] }])
    for (const { tag, setBy, minute } of tags) {
      await database.query(
        'insert into crm.conversation_tags (workspace_id, conversation_id, tag, set_by, set_at) values ($1, $2, $3, $4, $5)',
        [target.workspaceId, opened?.conversation_id, tag, setBy, new Date(START + minute * 60_000)],
      )
    }
  }
}
