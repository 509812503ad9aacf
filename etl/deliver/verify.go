package deliver

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"

	"spendbridge/etl"
	"spendbridge/etl/warehouse"
)

// Verify proves, without posting, that this is the folder that posted last,
// that the ledger and canonical add up and that every batch of the ledger lies in its sent file byte for byte. It
// writes the control totals of the ledger for the run.
func (d *Delivery) Verify(ctx context.Context) error {
	if err := d.refuseOlderLedger(ctx, d.DB); err != nil {
		return err
	}
	if err := d.verifySent(ctx); err != nil {
		return err
	}
	if fault, err := d.folderFault(ctx); fault != "" || err != nil {
		return errors.Join(err, &etl.NeedsPersonError{
			What: fault + "; nothing is posted",
			Mend: "copy the newest sent files into " + sentFolder + " and run spendbridge verify --rebuild, or see what spendbridge load asks",
		})
	}
	return d.DB.InConn(ctx, func(conn *warehouse.Conn) error {
		if _, err := d.gatedDiff(ctx, conn); err != nil {
			return err
		}
		return d.reconcile(ctx, conn)
	})
}

// verifySent compares the digest of every batch with its sent file's.
func (d *Delivery) verifySent(ctx context.Context) error {
	failed := &etl.CheckError{Check: "every batch lies in its sent file as the ledger has it"}
	err := d.DB.Each(ctx, "queries/batch_digests.sql", nil, func(rows *sql.Rows) error {
		var (
			id, digest string
			unsent     bool
		)
		if err := rows.Scan(&id, &digest, &unsent); err != nil {
			return err
		}
		fault := d.sentFault(id, digest)
		if fault == nil || unsent && errors.Is(fault, fs.ErrNotExist) {
			return nil
		}
		failed.Rows++
		if failed.Rows <= 10 {
			failed.First = append(failed.First, fmt.Sprintf("%s: %v", id, fault))
		}
		return nil
	})
	if err != nil || failed.Rows == 0 {
		return err
	}
	return failed
}

func (d *Delivery) sentFault(id, digest string) error {
	file, err := readSent(d.Folder, id)
	if err != nil {
		return err
	}
	if _, err := file.readItems(); err != nil {
		return err
	}
	if file.Header.SHA256 != digest {
		return fmt.Errorf("the ledger has the digest %s, the file %s", digest, file.Header.SHA256)
	}
	return nil
}
