import { suchAs } from '../domain/explanation.ts'
import { maskKey } from '../domain/masks.ts'
import { clientKeyOf, merchantIdProblem, newMerchant, serverKeyProblem, SERVER_KEY_PREFIX } from '../domain/merchant.ts'
import type { Merchant } from '../domain/merchant.ts'
import { Refusal } from '../domain/refusal.ts'
import { changeSettings, DEFAULT_SETTINGS } from '../domain/settings.ts'
import type { Random, Sender, Storage } from '../ports.ts'
import { refuseForbidden } from './change-settings.ts'

export interface CreateMerchantDeps {
  readonly storage: Storage
  readonly random: Random
  readonly sender: Pick<Sender, 'forbids'>
}

/** What is left out is made up. */
export interface NewMerchantWish {
  readonly merchantId: string | undefined
  readonly serverKey: string | undefined
  readonly clientKey: string | undefined
  /** Laid over the default settings. */
  readonly settings: unknown
}

const TRIES = 100

/** Opens a new world. Refuses `merchant_taken` and `key_taken` for what was given, `invalid_merchant` and `invalid_settings`. */
export async function createMerchant ({ storage, random, sender }: CreateMerchantDeps, wish: NewMerchantWish): Promise<Merchant> {
  refuseUnusable(wish)
  const settings = wish.settings === undefined ? DEFAULT_SETTINGS : changeSettings(DEFAULT_SETTINGS, wish.settings, ['settings'])
  refuseForbidden(sender, settings.notificationUrls, 'settings.notification_urls')

  // Counted from how many there are, so that with a seed the same calls make the same merchants, and few names are met twice.
  const { length } = await storage.merchants()
  for (let tries = 0; tries < TRIES; tries++) {
    const draw = random.draw('', `merchant ${length + tries}`)
    const [merchantId, serverKey] = [`G${draw.digits(9)}`, SERVER_KEY_PREFIX + draw.name()]
    const wanted = { ...newMerchant({ merchantId, serverKey, clientKey: clientKeyOf(serverKey), ...given(wish) }), settings }
    let isTaken = false
    const made = await storage.changeMerchant(wanted.merchantId, (current) => {
      isTaken = current !== undefined
      return current ?? wanted
    })
    if (made === 'key_taken') {
      if (wish.serverKey !== undefined) throw new Refusal('key_taken', 'this server key belongs to another merchant', { seen: maskKey(wish.serverKey) })
    } else if (!isTaken) return made
    else if (wish.merchantId !== undefined) throw new Refusal('merchant_taken', `there is a merchant ${wish.merchantId} already`, { seen: wish.merchantId })
  }
  throw new Error(`no free merchant id and key after ${TRIES} tries`)
}

/** What can be wrong with a wish by itself, and what would pass. */
function refuseUnusable ({ merchantId, serverKey }: NewMerchantWish): void {
  const idProblem = merchantId === undefined ? undefined : merchantIdProblem(merchantId)
  if (idProblem !== undefined) throw new Refusal('invalid_merchant', idProblem, { field: 'merchant_id', seen: merchantId, expected: suchAs('1 to 50 letters, digits, - or _', 'G812785002') })
  const keyProblem = serverKey === undefined ? undefined : serverKeyProblem(serverKey)
  if (keyProblem !== undefined) throw new Refusal('invalid_merchant', keyProblem, { field: 'server_key', seen: maskKey(serverKey ?? ''), expected: suchAs('a text without blanks, control characters and colons, and not "admin"', `${SERVER_KEY_PREFIX}shop`) })
}

function given ({ merchantId, serverKey, clientKey }: NewMerchantWish): Partial<Pick<Merchant, 'merchantId' | 'serverKey' | 'clientKey'>> {
  return {
    ...merchantId === undefined ? {} : { merchantId },
    ...serverKey === undefined ? {} : { serverKey },
    ...clientKey === undefined ? {} : { clientKey }
  }
}
