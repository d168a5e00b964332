import { isSupportedCountry, parsePhoneNumberFromString } from 'libphonenumber-js'

/** A text and the country it is read in, if any. */
export interface PhoneInput {
  raw: string
  country: string | null
}

/** What the library says: the number in E.164, or null when it is no possible one. */
export function libraryAnswer({ raw, country }: PhoneInput): string | null {
  // The library keeps state between calls that name a phone-context, and refuses the second of two good ones. One that is neither
  // a number nor a domain clears it.
  if (raw.includes(';phone-context=')) parsePhoneNumberFromString('tel:1;phone-context=%')
  if (country !== null && !isSupportedCountry(country)) throw new Error(`The library knows no country ${country}.`)
  const number = parsePhoneNumberFromString(raw, country ?? undefined)
  return number?.isPossible() ? number.number : null
}
