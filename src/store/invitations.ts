/**
 * Who may invite, as it is at the moment of a change, the same in every driver.
 *
 * Guarantees: who may not invite any more leaves no invitation behind to come back by.
 */
import type { AuditEvent } from "../audit.ts";
import { type Invitation, mayInvite, type Role } from "../team.ts";
import { mayNotInvite } from "./refusals.ts";

/** `own`: undefined of who is no member. @throws Problem `forbidden` — it does not allow the invitation. */
export function demandMayInvite(own: Role | undefined, { role }: Invitation): void {
  if (!mayInvite(own, role)) throw mayNotInvite(role);
}

/** Those that go with the role of who made them. `own`: the new one; undefined of who has left. */
export function outlived(made: readonly Invitation[], own: Role | undefined): Invitation[] {
  return made.filter(({ role }) => !mayInvite(own, role));
}

/** `trail`: of the change that the invitation goes with. */
export function revocation(trail: AuditEvent, { id, email, role }: Invitation): AuditEvent {
  return { ...trail, action: "invitation.revoked", subjectId: id, details: { email, role } };
}
