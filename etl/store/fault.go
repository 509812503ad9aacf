package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"

	"github.com/aws/smithy-go"
	"gocloud.dev/gcerrors"
)

// fixes says what to do about the answers of object stores, by their code. Amazon
// documents the codes of S3; other stores use the same ones.
var fixes = map[string]string{
	"NoSuchBucket":                 "create the bucket, or correct its name in the configuration",
	"AccessDenied":                 "allow these credentials to read, write, list and delete there",
	"Forbidden":                    "allow these credentials to read, write, list and delete there",
	"XAdminUserNotFound":           "correct s3.key_id", // of versitygw
	"InvalidAccessKeyId":           "correct s3.key_id, or what the AWS SDK finds in the environment, in ~/.aws or in the machine's role",
	"SignatureDoesNotMatch":        "correct s3.secret, or what the AWS SDK finds in the environment, in ~/.aws or in the machine's role",
	"ExpiredToken":                 "renew the credentials; those of a role renew themselves",
	"InvalidToken":                 "renew the credentials; those of a role renew themselves",
	"RequestTimeTooSkewed":         "set this machine's clock; systemd-timesyncd or chrony keeps it",
	"PermanentRedirect":            "the bucket is in another region: correct s3.region and s3.endpoint",
	"AuthorizationHeaderMalformed": "the bucket is in another region: correct s3.region",
	"IllegalLocationConstraint":    "the bucket is in another region: correct s3.region",
	"SlowDown":                     "wait; the store limits its requests",
	"ServiceUnavailable":           "wait; the store is overloaded or down",
	"InternalError":                "wait; the store has a problem",
	"QuotaExceeded":                "make room in the store",
	"XMinioStorageFull":            "make room in the store",
	"InsufficientStorage":          "make room in the store",
}

// conflict is what S3 answers if another write or a deletion of the object is under way.
// The object may be there afterwards, or not.
const conflict = "ConditionalRequestConflict"

// An Error says that the store could not be used.
type Error struct {
	Where string // the store, what was done, and to which object
	Err   error
	Fix   string // may be empty
}

func (e *Error) Error() string {
	if e.Fix == "" {
		return fmt.Sprintf("%s: %v", e.Where, e.Err)
	}
	return fmt.Sprintf("%s: %v; %s", e.Where, e.Err, e.Fix)
}

func (e *Error) Unwrap() error { return e.Err }

// fault describes what failed and how to fix it. An object that is not there is
// [fs.ErrNotExist], one that is in the way [ErrTaken].
func (s *Store) fault(verb, key string, err error) error {
	if err == nil {
		return nil
	}
	where := fmt.Sprintf("%s %s: %s %s", s.key, s.name, verb, key)
	var api smithy.APIError
	hasCode := errors.As(err, &api) || s.bucket != nil && s.bucket.ErrorAs(err, &api)
	switch code := gcerrors.Code(err); {
	case code == gcerrors.FailedPrecondition, errors.Is(err, fs.ErrExist), hasCode && api.ErrorCode() == conflict:
		return fmt.Errorf("%s: %w", where, ErrTaken)
	case hasCode && api.ErrorCode() == "NoSuchBucket":
	case code == gcerrors.NotFound && verb != "list" && verb != "open":
		return fmt.Errorf("%s: %w", where, fs.ErrNotExist)
	}
	fix := "make sure that this machine can reach the store"
	var network *net.OpError
	switch {
	case hasCode:
		err = errors.New(api.ErrorCode() + ": " + api.ErrorMessage())
	case errors.As(err, &network):
		err = network
	}
	switch {
	case hasCode && fixes[api.ErrorCode()] != "":
		fix = fixes[api.ErrorCode()]
	case hasCode:
		fix = "look up " + api.ErrorCode() + " in the manual of the store"
	case errors.Is(err, context.Canceled):
		fix = ""
	case errors.Is(err, errUnknown):
		fix = "mount the folder, correct store, or if it is to be a new one, delete the file " + knownName + " in the data folder"
	case s.root != "":
		fix = "make sure that the folder is mounted, has room and may be written to by this user"
	}
	return &Error{Where: where, Err: err, Fix: fix}
}

// Probe writes, reads, lists and deletes an object of its own, and makes sure that no
// object is written over another. Its error names what is not possible, and the fix.
func (s *Store) Probe(ctx context.Context, id string) error {
	return s.probe(ctx, id, func(key string) error {
		if err := s.Put(ctx, key, []byte(id)); err != nil {
			return err
		}
		if err := s.Put(ctx, key, []byte("another")); !errors.Is(err, ErrTaken) {
			return fmt.Errorf("store %s: an object was written although there is one; "+
				"use a store that supports conditional writes (If-None-Match)", s.name)
		}
		return nil
	})
}

// ProbeLakeData is Probe for the data of a lake, which needs no conditional writes.
func (s *Store) ProbeLakeData(ctx context.Context, id string) error {
	return s.probe(ctx, id, func(key string) error { return s.Replace(ctx, key, []byte(id)) })
}

func (s *Store) probe(ctx context.Context, id string, write func(key string) error) error {
	key := ProbeFolder + id
	if err := write(key); err != nil {
		return err
	}
	read, err := s.Get(ctx, key)
	if err != nil {
		return err
	}
	if string(read) != id {
		return fmt.Errorf("%s %s: %s was written and reads %q", s.key, s.name, key, read)
	}
	keys, err := s.Keys(ctx, ProbeFolder)
	if err != nil {
		return err
	}
	for _, key := range keys { // also those of examinations that were killed
		if err := s.Delete(ctx, key); err != nil {
			return err
		}
	}
	return nil
}

// ProbeFolder begins the keys of objects that a probe writes and deletes.
const ProbeFolder = "probe/"
