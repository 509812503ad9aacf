package warehouse_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"testing"
	"time"

	"spendbridge/etl/warehouse"
)

const lockFolder = "SPENDBRIDGE_TEST_LOCK_FOLDER"

// TestHoldTheLock is no test: it is the other process of the next one.
func TestHoldTheLock(t *testing.T) {
	folder := os.Getenv(lockFolder)
	if folder == "" {
		t.Skip("only as a child of TestALockEndsWithItsProcess")
	}
	if _, _, err := warehouse.Lock(folder, warehouse.Holder{PID: os.Getpid(), Command: "spendbridge run", Started: time.Now()}); err != nil {
		t.Fatal(err)
	}
	fmt.Println("locked")
	io.Copy(io.Discard, os.Stdin) // until it is killed
}

func TestALockEndsWithItsProcess(t *testing.T) {
	folder := t.TempDir()
	for range 5 {
		child := startHolder(t, folder)
		_, _, err := warehouse.Lock(folder, warehouse.Holder{PID: os.Getpid()})
		var locked *warehouse.LockedError
		if !errors.As(err, &locked) || locked.Holder.PID != child.Process.Pid || locked.Holder.Command != "spendbridge run" {
			t.Fatalf("got %v, want a lock held by process %d", err, child.Process.Pid)
		}

		if err := child.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		child.Wait() // reports the kill
		_, unlock, err := warehouse.Lock(folder, warehouse.Holder{PID: os.Getpid()})
		if err != nil {
			t.Fatalf("after its holder was killed: %v", err)
		}
		if err := unlock(""); err != nil {
			t.Fatal(err)
		}
	}
}

// startHolder returns a process that has the folder locked.
func startHolder(t *testing.T, folder string) *exec.Cmd {
	t.Helper()
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestHoldTheLock$", "-test.v")
	child.Env = append(os.Environ(), lockFolder+"="+folder)
	if _, err := child.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if lines.Text() == "locked" {
			return child
		}
	}
	t.Fatal("the other process did not get the lock")
	return nil
}

// Between taking the lock and writing its name a process is nobody in the file.
func TestAHolderWithoutANameIsAnotherProcess(t *testing.T) {
	folder := t.TempDir()
	_, unlock, err := warehouse.Lock(folder, warehouse.Holder{})
	if err != nil {
		t.Fatal(err)
	}
	defer unlock("")
	_, _, err = warehouse.Lock(folder, warehouse.Holder{PID: os.Getpid()})
	var locked *warehouse.LockedError
	if !errors.As(err, &locked) || locked.Holder.Command != "another process" {
		t.Errorf("got %v, %+v; want another process", err, locked)
	}
}
