// Package deliver posts canonical.spend to Productiv in batches, and keeps the
// ledger that proves what was posted.
//
// # From canonical.spend to accepted
//
// A load, [Delivery.Post] in delivery.go, takes a record through these files:
//
//  1. recover.go settles what a killed program left, by its sent files.
//  2. target.go names the application that the record's source posts to.
//  3. diff.go compares the record with what was delivered and proves that
//     canonical and the ledger add up (diff_same.sql, diff_homes.sql,
//     diff_ledger.sql, diff_build.sql); item_draft.sql drafts its item with the
//     exact JSON, item.sql what takes an older one back.
//  4. gate.go holds the item or lets it pass (gate_close.sql).
//  5. validate.go checks the JSON against Productiv's schema; item_plan.sql
//     writes item and batch into the ledger: planned.
//  6. sender.go puts the batch into the queue, connection.go takes it out.
//  7. batch.go marks it in the ledger: sending; in the same transaction it takes
//     over the answer to the batch before.
//  8. marker.go counts the load in the folder's marker, once.
//  9. sentfile.go writes what will be sent.
//  10. answer.go posts it and judges the answer, which sentfile.go appends and
//     batch.go takes over with the next batch: accepted.
//
// decision.go records decisions: an approval (gate.go), a settlement or a list of
// keys that Productiv has (settle.go), a moved target (target.go). recover.go also
// restores the ledger from the sent files.
//
// # The ledger
//
// Every record that is ever posted is an item of delivery.items, with its
// exact JSON; every post is of a batch, a row of delivery.batches. An item
// belongs to a target (address and app id) and has a key, which Productiv
// gets as transactionNumber or signatureId. The same key posted again is a
// further attempt.
//
// Items are written once, when they are planned, in one statement for a whole
// load: delivery.planned_items. Their batches carry the state, and the state of
// an item, in the view delivery.items, is that of the narrowest batch that
// covers it. Every arrow is one transaction:
//
//		planned ──► sending ──► accepted
//		   ▲           │  ├───► rejected        one record alone, with the server's message
//		   │           │  ├───► unknown ──► accepted     settle BATCH --accepted
//		   ├───────────┘  │         └─────► sending      settle BATCH --resend, in_doubt: resend
//		   └─ halves ◄────┘ split
//
//	  - planned: waits for its batch to be sent. A batch that was certainly not
//	    stored (no connection, 429, 401, 403 …) is pending and its items are
//	    planned again. What is still planned when the next load begins is
//	    dropped and planned again from what canonical holds then.
//	  - sending: written before the batch goes out, so that a program that ends
//	    here leaves a trace. The transaction also takes over the answer to the
//	    batch that the connection posted before: a batch costs one commit.
//	  - accepted: a 200, 201 or 202 whose JSON body says success: true, once.
//	  - rejected: by the JSON Schema here, by Productiv, or by a firewall
//	    that lets other records through. The record is not sent again until it
//	    reads differently or settle SPEND_ID --retry.
//	  - unknown: the batch may have been stored or not. Nothing more is sent for
//	    its records until that is settled.
//	  - split: a refused batch. Its items count in its halves only, and are
//	    planned until those begin.
//
// A refusal without Productiv's JSON comes from a firewall or proxy in between.
// Its batch is halved until a record is alone, and then others are tried alone,
// out of batches that are not posted yet: if none gets through, everything is
// refused and stays pending.
//
// # The sent files
//
// A batch is written to sent/<batch>.json.zst, and fsynced, after the ledger
// says sending and before the first byte goes out. The file is zstd frames of
// JSON lines: what the ledger knows of the batch and its items, then the body
// exactly as it is sent, then one line for every answer and every
// decision, each written and fsynced before the ledger, which takes an answer
// over when the connection begins its next batch, before it waits, and when it
// has none left. So the ledger can be rebuilt from these files, and a file that
// the ledger does not know proves that the ledger is older than what was sent.
// Decisions are lines of sent/decisions.jsonl as well, in the order of the
// ledger.
//
// When a load begins, a batch that is still sending is looked up there: no
// file, it was never sent; a recorded answer, that is its outcome; else it is
// unknown.
//
// # Targets and gates
//
// A record has one home: the application whose items count for it. That is
// where its source posts, unless another one has accepted the record; then the
// gate of the target holds it until a decision says that both are one
// application, or that the record stays where it is.
//
// Gates hold items before their first byte is sent. What they hold is listed
// in delivery.holds under the name of a plan, and an approval covers exactly
// that. The marker, a file beside the warehouse, tells the folder that posted
// last from its copies and from older states of it.
package deliver
