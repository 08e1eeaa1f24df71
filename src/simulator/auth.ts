import { decodeJwt, jwtVerify } from 'jose';

export interface Account {
  institution: string;
  operator: string;
  partner: string;
  secret: string;
  /** Codes of the products it sees; left out: all. */
  products?: readonly string[];
}

export interface AuthRules {
  /** `documented`: seconds, at most 30 s of life, issued at most `toleranceMs` away from now. `millis`: the same in milliseconds. `lenient`: signature and names only. */
  mode: 'documented' | 'millis' | 'lenient';
  toleranceMs: number;
}

const MAX_LIFE_MS = 30_000;

/** The accounts of the institution, by operator. */
export type Accounts = ReadonlyMap<string, Account>;

/** Whether an operator may see tickets of a product. */
export const sees = ({ products }: Account, product: string): boolean => products?.includes(product) ?? true;

/** The account a token speaks for; a text = why it is refused. Every operator signs with a secret of its own. */
export async function accountOfToken(
  header: string | undefined,
  accounts: Accounts,
  rules: AuthRules,
  now: number,
): Promise<Account | string> {
  const token = /^Bearer (.+)$/.exec(header ?? '')?.[1];
  if (!token) return 'no bearer token';
  let account: Account | undefined;
  let claims: Record<string, unknown>;
  try {
    account = accounts.get(String(decodeJwt(token).aud));
    if (!account) return 'aud is no operator';
    // Times are judged below, in the unit of the mode.
    const verified = await jwtVerify(token, Buffer.from(account.secret, 'utf8'), {
      algorithms: ['HS256'],
      currentDate: new Date(0),
      clockTolerance: 1e12,
    });
    claims = verified.payload;
  } catch {
    return 'the signature is wrong';
  }
  if (claims.sub !== account.institution) return 'sub is not the institution';
  if (claims.iss !== account.partner) return 'iss is not the partner';
  if (rules.mode === 'lenient') return account;
  const unit = rules.mode === 'millis' ? 1 : 1000;
  const issued = Number(claims.iat) * unit;
  const expires = Number(claims.exp) * unit;
  if (!Number.isFinite(issued) || !Number.isFinite(expires)) return 'iat and exp are mandatory';
  if (expires - issued > MAX_LIFE_MS) return 'the token lives longer than 30 seconds';
  if (expires < now) return 'the token has expired';
  if (Math.abs(now - issued) > rules.toleranceMs) return 'the token was not issued just now';
  return account;
}
