package job

import (
	"os/user"
	"strconv"

	"spendbridge/etl"
	"spendbridge/etl/config"
	"spendbridge/etl/durable"
)

// Access says who may read what is published. It is nil for this user alone. A
// group that this machine does not know is an [*etl.UsageError].
func Access(p config.Publish) (*durable.Access, error) {
	if p.Dir == "" {
		return nil, nil
	}
	access := &durable.Access{Mode: p.FileMode(), GID: -1}
	if p.Group == "" {
		return access, nil
	}
	group, err := user.LookupGroup(p.Group)
	if err != nil {
		return nil, etl.Usagef("publish.group: this machine has no group %s; create it, for instance with groupadd %[1]s", p.Group)
	}
	access.GID, err = strconv.Atoi(group.Gid)
	return access, err
}

// openPublished makes the folder of what is published, for those who may read
// it.
func openPublished(c *config.Config) (*durable.Access, error) {
	access, err := Access(c.Publish)
	if access == nil || err != nil {
		return nil, err
	}
	if err := durable.MkdirAll(c.Publish.Dir, 0o700); err != nil {
		return nil, etl.Usagef("publish.dir: %w", err)
	}
	if err := access.Give(c.Publish.Dir); err != nil {
		return nil, etl.Usagef("publish.dir: %w; spendbridge doctor says what to change", err)
	}
	return access, nil
}
