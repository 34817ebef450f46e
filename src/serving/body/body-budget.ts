import { Failure } from '../failure';

/** When to try again: bodies come and go in less. */
const RETRY_AFTER_SECONDS = 1;

/**
 * The bytes that all bodies of one server may take together, from their first byte until their answer. It counts what has
 * come, not what was announced: who announces much and sends nothing keeps nobody else out.
 */
export class BodyBudget {
  #taken = 0;

  constructor(readonly limit: number) {}

  /** Throws a Failure `unavailable` when that is too much. */
  take(bytes: number): void {
    if (this.#taken + bytes > this.limit) {
      throw new Failure('unavailable', `The requests in progress hold ${this.limit} bytes, the limit of this server`, {
        closeConnection: true,
        retryAfterSeconds: RETRY_AFTER_SECONDS,
      });
    }
    this.#taken += bytes;
  }

  release(bytes: number): void {
    this.#taken -= bytes;
  }
}

/** A share of the budget, given back once. */
export class BodyShare {
  #taken = 0;

  constructor(private readonly budget: BodyBudget) {}

  take(bytes: number): void {
    this.budget.take(bytes);
    this.#taken += bytes;
  }

  release(): void {
    this.budget.release(this.#taken);
    this.#taken = 0;
  }
}
