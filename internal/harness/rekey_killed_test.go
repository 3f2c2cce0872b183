package harness_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/qldb"
	"github.com/aws/aws-sdk-go-v2/service/qldb/types"
	"github.com/aws/aws-sdk-go-v2/service/qldbsession"
	"github.com/awslabs/amazon-qldb-driver-go/v3/qldbdriver"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/clock"
)

// killVariable makes the test binary a process that changes the key of a ledger, and kills itself at one write: its
// value is the data directory, the ARN of the new key and the number of the write.
const killVariable = "HARNESS_TEST_KILL"

func TestMain(m *testing.M) {
	if told := os.Getenv(killVariable); told != "" {
		os.Exit(changeKeyUntilKilled(told))
	}
	os.Exit(m.Run())
}

func changeKeyUntilKilled(told string) int {
	part := strings.Split(told, "|")
	nth, err := strconv.Atoi(part[2])
	if err == nil {
		err = killedChange(part[0], part[1], nth)
	}
	if err != nil {
		fmt.Println(err)
		return 1
	}
	return 0
}

// killedChange is a key change with documents before, during and after it and a restart in its midst. It says what was
// acknowledged, and the number of writes at the end, if it gets there.
func killedChange(dir, key string, nth int) error {
	var d brokenDisk
	cfg := d.use(config(dir))
	now := clock.NewFrozen(start.Add(time.Hour))
	cfg.Clock = now
	ctx := context.Background()
	for part := range 2 {
		h, err := harness.New(ctx, cfg)
		if err != nil {
			return err
		}
		if part == 0 {
			d.breakAt(nth, die)
		}
		server := httptest.NewServer(h)
		c := changer{h, sdk(h, server, "eu-west-2")}
		if part == 0 {
			err = errors.Join(c.insert(ctx, 1), c.rekey(ctx, key), c.insert(ctx, 2))
		} else {
			err = errors.Join(c.insert(ctx, 3), h.Advance(ctx, 3*time.Second), c.insert(ctx, 4))
		}
		server.Close()
		if err := errors.Join(err, h.Close()); err != nil {
			return err
		}
	}
	fmt.Println("writes", d.count())
	return nil
}

// changer works on the ledger "orders" and says what was acknowledged.
type changer struct {
	h   *harness.Harness
	cfg aws.Config
}

func (c changer) insert(ctx context.Context, id int) error {
	driver, err := qldbdriver.New("orders", qldbsession.NewFromConfig(c.cfg), func(o *qldbdriver.DriverOptions) {
		o.LoggerVerbosity = qldbdriver.LogOff
		o.MaxConcurrentTransactions = 1
	})
	if err != nil {
		return err
	}
	driver.SetRetryPolicy(qldbdriver.RetryPolicy{})
	defer driver.Shutdown(context.Background())
	if err := insert(ctx, driver, id); err != nil {
		return err
	}
	fmt.Println("inserted", id)
	return nil
}

func (c changer) rekey(ctx context.Context, key string) error {
	if err := rekeyTo(ctx, qldb.NewFromConfig(c.cfg), key); err != nil {
		return err
	}
	fmt.Println("rekeyed")
	return nil
}

func rekeyTo(ctx context.Context, ledgers *qldb.Client, key string) error {
	_, err := ledgers.UpdateLedger(ctx, &qldb.UpdateLedgerInput{Name: aws.String("orders"), KmsKey: &key})
	return err
}

// keyChange is a data directory from which a ledger with one document can be moved to another key.
type keyChange struct {
	dir         string
	first, next string // key ARNs
	digest      *qldb.GetDigestOutput
}

// newKeyChange makes the directory and closes it.
func newKeyChange(t *testing.T) keyChange {
	t.Helper()
	k := keyChange{dir: t.TempDir()}
	h, err := harness.New(t.Context(), config(k.dir))
	if err != nil {
		t.Fatal(err)
	}
	server := newServer(t, h)
	cfg := sdk(h, server, "eu-west-2")
	keys, ledgers := kms.NewFromConfig(cfg), qldb.NewFromConfig(cfg)
	k.first, k.next = makeKey(t, keys), makeKey(t, keys)
	createLedger(t, ledgers, k.first)
	advance(t, h, 2*time.Second)
	driver := newDriver(t, cfg, "orders")
	execute(t, driver, "CREATE TABLE Test")
	execute(t, driver, "CREATE INDEX ON Test (id)")
	execute(t, driver, "INSERT INTO Test ?", record{ID: 0})
	if k.digest, err = ledgers.GetDigest(t.Context(), &qldb.GetDigestInput{Name: aws.String("orders")}); err != nil {
		t.Fatal(err)
	}
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	return k
}

// copied is k in a directory of its own.
func (k keyChange) copied(t *testing.T) keyChange {
	t.Helper()
	from := k.dir
	k.dir = t.TempDir()
	if err := os.CopyFS(k.dir, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(k.dir+"/root.secret", 0o600); err != nil {
		t.Fatal(err)
	}
	return k
}

// What wantSettled is to find: what was acknowledged.
type acknowledged struct {
	documents []int
	rekeyed   bool
}

// wantSettled starts a harness on the directory once more. Everything in it must be whole; the ledger must be under
// one of its keys, and under the next if that was acknowledged; the documents must be there, and prove; the digest from
// before must hold; and another change must work.
func (k keyChange) wantSettled(t *testing.T, what acknowledged) {
	t.Helper()
	cfg := config(k.dir)
	cfg.Clock = clock.NewFrozen(start.Add(2 * time.Hour))
	found, err := harness.Verify(t.Context(), cfg, nil)
	verdicts := found.Ledgers
	if err != nil || len(verdicts) != 1 || verdicts[0].Err != nil {
		t.Fatalf("verify: got %+v, %v", verdicts, err)
	}
	h, server := open(t, cfg)
	root := sdk(h, server, "eu-west-2")
	ledgers, keys := qldb.NewFromConfig(root), kms.NewFromConfig(root)
	if got, key := status(t, ledgers, "orders"); got != types.EncryptionStatusEnabled &&
		got != types.EncryptionStatusUpdating || key != k.first && key != k.next {
		t.Errorf("after the restart: got %s under %s", got, key)
	}
	advance(t, h, 10*time.Second)
	if got, key := status(t, ledgers, "orders"); got != types.EncryptionStatusEnabled || what.rekeyed && key != k.next {
		t.Errorf("some time later: got %s under %s; the change was acknowledged: %v", got, key, what.rekeyed)
	}
	for _, id := range append([]int{0}, what.documents...) {
		proveRecord(t, root, id, nil)
	}
	proveRecord(t, root, 0, k.digest)
	if err := rekeyTo(t.Context(), ledgers, k.next); err != nil {
		t.Errorf("another change: %v", err)
	}
	advance(t, h, 10*time.Second)
	advance(t, h, 2*time.Minute) // what a request left behind is given up by then
	wantStatus(t, ledgers, types.EncryptionStatusEnabled, k.next)
	wantGrants(t, keys, k.first, 0)
	wantGrants(t, keys, k.next, 1)
	execute(t, newDriver(t, root, "orders"), "INSERT INTO Test ?", record{ID: 1000})
}

// A process that is killed before any write of a key change leaves one valid root node key, and all that it
// acknowledged.
func TestKeyChangeKilledAtEveryWrite(t *testing.T) {
	t.Parallel()
	k := newKeyChange(t)
	out, err := k.copied(t).process(t, 0)
	if err != nil {
		t.Fatalf("a process that is not killed: %v\n%s", err, out)
	}
	var writes int
	if _, err := fmt.Sscanf(out[strings.Index(out, "writes"):], "writes %d", &writes); err != nil || writes < 30 {
		t.Fatalf("writes of a key change: got %d, %v\n%s", writes, err, out)
	}
	var killed atomic.Int32
	t.Run("killed", func(t *testing.T) {
		for nth := 1; nth <= writes; nth++ {
			t.Run(fmt.Sprint(nth), func(t *testing.T) {
				t.Parallel()
				mine := k.copied(t)
				out, err := mine.process(t, nth)
				exit, ok := errors.AsType[*exec.ExitError](err)
				if ok && exit.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL {
					killed.Add(1)
				} else if err != nil {
					t.Fatalf("the process: %v\n%s", err, out)
				}
				mine.wantSettled(t, acknowledgedIn(out))
			})
		}
	})
	if got := killed.Load(); got < int32(writes)*9/10 { // work that is done beside a request may take a write less
		t.Errorf("got %d of %d processes killed, want nearly all", got, writes)
	}
}

// acknowledgedIn is what a process said.
func acknowledgedIn(out string) (what acknowledged) {
	for line := range strings.Lines(out) {
		var id int
		if _, err := fmt.Sscanf(line, "inserted %d", &id); err == nil {
			what.documents = append(what.documents, id)
		}
		what.rekeyed = what.rekeyed || line == "rekeyed\n"
	}
	return what
}

// process changes the key in a process of its own, which kills itself at the nth write.
func (k keyChange) process(t *testing.T, nth int) (out string, err error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%s|%s|%d", killVariable, k.dir, k.next, nth))
	var b bytes.Buffer
	cmd.Stdout, cmd.Stderr = &b, &b
	err = cmd.Run()
	return b.String(), err
}
