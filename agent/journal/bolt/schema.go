package bolt

import (
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"

	"go.etcd.io/bbolt"
)

// currentSchema is the schema number that this program writes. Whoever changes layout.go or record.go in a way that an older
// program would misread raises it, and adds a migration.
const currentSchema = 3

// migrations lead from one schema to the next: the first from 1 to 2. Each runs in the transaction that also writes
// the new number.
var migrations = []func(*bbolt.Tx) error{
	addRecent,
	addData,
}

// keySchema is the key in the bucket meta.
var keySchema = []byte("schema")

// SchemaError refuses a journal that a newer program has written, or for Look an older one. The file is left as it is.
type SchemaError struct {
	Path  string
	Found uint64 // the journal's schema
	Known uint64 // the one of this program
}

// Error implements error.
func (e *SchemaError) Error() string {
	if e.Found < e.Known {
		return fmt.Sprintf("journal %s was written by an older version (schema %d, this version has %d): "+
			"start the agent once, it brings the journal up to date", e.Path, e.Found, e.Known)
	}
	return fmt.Sprintf("journal %s was written by a newer version (schema %d, this version knows %d): "+
		"run that version, or move the file away to begin a new journal", e.Path, e.Found, e.Known)
}

// encodeSchema returns the sealed schema number.
func encodeSchema(n uint64) []byte { return seal("", keySchema, binary.AppendUvarint(nil, n)) }

// decodeSchema reads a sealed schema number.
func decodeSchema(b []byte) (uint64, error) {
	body, err := unseal("", keySchema, b)
	if err != nil {
		return 0, fmt.Errorf("schema number: %w", err)
	}
	n, size := binary.Uvarint(body)
	if size != len(body) || n == 0 {
		return 0, damaged("schema number %q", body)
	}
	return n, nil
}

// upgrade keeps a copy of a journal of an older schema, beside path as journal-schemaN.bak, and brings the journal to the
// current one. The version that wrote the copy can be gone back to with it. Without room for the copy nothing is changed.
func upgrade(db *bbolt.DB, path string, schema uint64, log *slog.Logger) error {
	if schema == currentSchema {
		return nil
	}
	copied := sibling(path, fmt.Sprintf("-schema%d.bak", schema))
	err := writeCopy(copied, func(w io.Writer) error {
		return db.View(func(tx *bbolt.Tx) error { _, err := tx.WriteTo(w); return err })
	})
	if err != nil {
		return fmt.Errorf("upgrade journal from schema %d to %d: %w", schema, currentSchema, err)
	}
	if err := migrate(db, schema, migrations); err != nil {
		return err
	}
	log.Info("journal upgraded", "path", path, "from", schema, "to", currentSchema, "copy", copied)
	return nil
}

// initialise writes the empty journal.
func initialise(tx *bbolt.Tx) error {
	if _, err := tx.CreateBucket(bucketKinds); err != nil {
		return fmt.Errorf("create bucket %s: %w", bucketKinds, err)
	}
	meta, err := tx.CreateBucket(bucketMeta)
	if err != nil {
		return fmt.Errorf("create bucket %s: %w", bucketMeta, err)
	}
	return meta.Put(keySchema, encodeSchema(currentSchema))
}

// migrate brings a journal of schema from to the one that steps lead to, in one transaction.
func migrate(db *bbolt.DB, from uint64, steps []func(*bbolt.Tx) error) error {
	to := uint64(len(steps)) + 1
	if from == to {
		return nil
	}
	return db.Update(func(tx *bbolt.Tx) error {
		for n := from; n < to; n++ {
			if err := steps[n-1](tx); err != nil {
				return fmt.Errorf("migrate journal from schema %d to %d: %w", n, n+1, err)
			}
		}
		return tx.Bucket(bucketMeta).Put(keySchema, encodeSchema(to))
	})
}
