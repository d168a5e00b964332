/** The channels, as the database's registry lists them (sql/015_catalog). A test holds the two equal. */
export const CHANNELS = ['messenger', 'whatsapp', 'b2chat'] as const

export type Channel = (typeof CHANNELS)[number]
