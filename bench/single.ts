/** One inbound message to a known contact, beside the barest SQL that leaves the same rows. */
import { type Account, createAccount } from './lib/account.ts'
import { Load } from './lib/load.ts'
import type { Choice, MessageStream, Side } from './lib/one-message.ts'
import { knowPeople, numbers } from './lib/people.ts'
import type { Figure, Report, Section } from './lib/report.ts'
import { cpuFigure, inTurns, ratesSection } from './lib/rounds.ts'
import { requireSameRows } from './lib/same-rows.ts'
import { type BenchDatabase, startBenchServer } from './lib/server.ts'

const CONNECTIONS = 8
const PEOPLE = 2000

interface Variant {
  label: string
  title: string
  channel: Account['channel']
  choice: Choice
  rounds: number
  messages: number
  target?: { atLeast: number }
}

const VARIANTS: readonly Variant[] = [
  {
    label: 'messenger',
    title: 'Messenger, any of 2,000 people',
    channel: 'messenger',
    choice: 'random',
    rounds: 11,
    messages: 5000,
    target: { atLeast: 0.63 },
  },
  {
    label: 'distinct',
    title: 'Messenger, never the same conversation at once',
    channel: 'messenger',
    choice: 'distinct',
    rounds: 5,
    messages: 3000,
  },
  {
    label: 'contended',
    title: 'Messenger, all in one conversation',
    channel: 'messenger',
    choice: 'same',
    rounds: 5,
    messages: 1000,
  },
  {
    // In turns, so that each person's messages come in order: how often the contact is written depends on it.
    label: 'whatsapp',
    title: 'WhatsApp with profile name',
    channel: 'whatsapp',
    choice: 'distinct',
    rounds: 5,
    messages: 2000,
  },
]

export async function single(): Promise<Report> {
  const server = await startBenchServer()
  try {
    const database = await server.addDatabase('single')
    const load = await Load.start(database.url, CONNECTIONS)
    try {
      const figures: Figure[] = []
      const sections: Section[] = []
      for (const variant of VARIANTS) {
        const measured = await measure(database, load, variant)
        figures.push(...measured.figures)
        sections.push(measured.section)
      }
      return {
        name: 'single',
        title: `one message per transaction over ${CONNECTIONS} connections`,
        figures,
        sections,
        settings: server.settings,
      }
    } finally {
      await load.stop()
    }
  } finally {
    await server.drop()
  }
}

async function measure(
  database: BenchDatabase,
  load: Load,
  variant: Variant,
): Promise<{ figures: Figure[]; section: Section }> {
  const { label, title, channel, choice, rounds, messages, target } = variant
  const { pool } = database
  const open = async (side: Side): Promise<MessageStream> => {
    const account = await createAccount(pool, channel, `${label}-${side}`)
    const conversations = await knowPeople(pool, account, PEOPLE)
    return { side, account, prefix: 'm_', choice, people: numbers(PEOPLE), conversations }
  }
  const ours = await open('ours')
  const bare = await open('bare')
  await database.admin.query('vacuum analyze')
  await database.admin.query('checkpoint')
  const measured = await inTurns(
    [ours, bare].map((stream) => ({ load, stream })),
    rounds,
    messages,
  )
  const rows = await requireSameRows(pool, ours.account, bare.account)
  const [oursRuns = [], bareRuns = []] = measured.runs
  return {
    figures: [
      {
        name: `${title}: transactions per second, ours / bare`,
        value: measured.ratio,
        unit: 'ratio',
        ...(target ? { target } : {}),
      },
      ...cpuFigure(`${title}: server CPU, ours / bare`, measured),
    ],
    section: ratesSection(`${title} (both sides left ${rows.messages} messages and the same rows beside)`, [
      ['ours', oursRuns],
      ['bare', bareRuns],
    ]),
  }
}
