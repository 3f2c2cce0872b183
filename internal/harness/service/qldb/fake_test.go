package qldb_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/service/qldb"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// fakeKeys is KMS with the answers the tests want. Unlike the real one it can fail any single call, before it has an
// effect or after, answer garbage, refuse a caller by name, and show which grants exist.
type fakeKeys struct {
	mu      sync.Mutex
	keys    map[string]*fakeKey // by ARN
	aliases map[string]string   // alias name to key ARN
	grants  map[string]qldb.Grant
	first   *qldb.Grant // that was made
	made    int
	calls   []string
	// before and after run around every call; an error of theirs is what the call returns.
	before, after func(call string) error
	// garble changes the data keys that are answered.
	garble func(call string, plaintext []byte) []byte
}

type fakeKey struct {
	info   qldb.KeyInfo
	denied map[string]bool // KMS operations refused to the caller
}

func newFakeKeys() *fakeKeys {
	return &fakeKeys{keys: map[string]*fakeKey{}, aliases: map[string]string{}, grants: map[string]qldb.Grant{}}
}

func (f *fakeKeys) add(arn string) *fakeKey {
	k := &fakeKey{
		info: qldb.KeyInfo{
			ARN: arn, Manager: "CUSTOMER", Spec: "SYMMETRIC_DEFAULT", Usage: "ENCRYPT_DECRYPT", State: "Enabled",
		},
		denied: map[string]bool{},
	}
	f.keys[arn] = k
	return k
}

func (f *fakeKeys) setState(arn, state string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.keys[arn].info.State = state
}

func (f *fakeKeys) revoke(arn string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	maps.DeleteFunc(f.grants, func(_ string, g qldb.Grant) bool { return g.KeyARN == arn })
}

// reset leaves the grants on mainKey alone, as before any key change.
func (f *fakeKeys) reset() {
	f.mu.Lock()
	defer f.mu.Unlock()
	maps.DeleteFunc(f.grants, func(_ string, g qldb.Grant) bool { return g.KeyARN != mainKey })
	if len(f.grants) == 0 && f.first != nil {
		f.made++
		f.grants[fmt.Sprintf("grant-%d", f.made)] = *f.first
	}
}

// granted lists "key name" of every grant there is.
func (f *fakeKeys) granted() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []string
	for _, g := range f.grants {
		out = append(out, g.KeyARN+" "+g.Name)
	}
	slices.Sort(out)
	return out
}

func (f *fakeKeys) called() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.calls)
}

// enter is called without mu, so that before may make calls of its own.
func (f *fakeKeys) enter(call string) error {
	f.mu.Lock()
	f.calls = append(f.calls, call)
	f.mu.Unlock()
	if f.before != nil {
		return f.before(call)
	}
	return nil
}

func (f *fakeKeys) leave(call string) error {
	if f.after != nil {
		return f.after(call)
	}
	return nil
}

func (f *fakeKeys) DescribeKey(_ context.Context, c *wire.Call, keyID string) (qldb.KeyInfo, error) {
	if err := f.enter("DescribeKey " + keyID); err != nil {
		return qldb.KeyInfo{}, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	arn := keyID
	if to, ok := f.aliases[keyID]; ok {
		arn = to
	} else if !strings.HasPrefix(keyID, "arn:") {
		arn = c.ARN("kms", "key/"+keyID)
	}
	k := f.keys[arn]
	switch {
	case k == nil:
		return qldb.KeyInfo{}, wire.Faultf("NotFoundException", "Key '%s' does not exist", arn)
	case k.denied["DescribeKey"]:
		return qldb.KeyInfo{}, denied()
	}
	return k.info, nil
}

func (f *fakeKeys) CreateGrant(_ context.Context, _ *wire.Call, g qldb.Grant) (string, error) {
	if err := f.enter("CreateGrant " + g.KeyARN); err != nil {
		return "", err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	k := f.keys[g.KeyARN]
	if k.denied["CreateGrant"] {
		return "", denied()
	}
	if err := k.usable(); err != nil {
		return "", err
	}
	for id, have := range f.grants {
		if have.KeyARN == g.KeyARN && have.Name == g.Name {
			return id, nil
		}
	}
	f.made++
	id := fmt.Sprintf("grant-%d", f.made)
	f.grants[id] = g
	if f.first == nil {
		f.first = &g
	}
	return id, f.leave("CreateGrant " + g.KeyARN)
}

func (f *fakeKeys) FindGrants(_ context.Context, at qldb.Place, keyARN, name string) ([]string, error) {
	if err := f.enter("FindGrants " + keyARN); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	var ids []string
	for id, g := range f.grants {
		if g.KeyARN == keyARN && g.Name == name && g.Retiring == at.Principal() {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

func (f *fakeKeys) RetireGrant(_ context.Context, _ qldb.Place, keyARN, grantID string) error {
	if err := f.enter("RetireGrant " + keyARN); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, ok := f.grants[grantID]; !ok {
		return wire.Faultf("InvalidGrantIdException", "")
	}
	delete(f.grants, grantID)
	return f.leave("RetireGrant " + keyARN)
}

func (f *fakeKeys) GenerateDataKey(
	_ context.Context, at qldb.Place, keyARN string, encryptionContext map[string]string,
) (qldb.DataKey, error) {
	if err := f.enter(fmt.Sprintf("GenerateDataKey %s v%s", keyARN,
		encryptionContext["key-hierarchy-node-version"])); err != nil {
		return qldb.DataKey{}, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.service(at, keyARN, "GenerateDataKey"); err != nil {
		return qldb.DataKey{}, err
	}
	key := qldb.DataKey{Ciphertext: fmt.Append(nil, keyARN, encryptionContext)}
	key.Plaintext = f.answer("GenerateDataKey "+keyARN, dataKey(key.Ciphertext))
	return key, f.leave("GenerateDataKey " + keyARN)
}

func (f *fakeKeys) Decrypt(
	_ context.Context, at qldb.Place, keyARN string, ciphertext []byte, encryptionContext map[string]string,
) ([]byte, error) {
	if err := f.enter("Decrypt " + keyARN); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.service(at, keyARN, "Decrypt"); err != nil {
		return nil, err
	}
	if string(ciphertext) != fmt.Sprint(keyARN, encryptionContext) {
		return nil, wire.Faultf("InvalidCiphertextException", "")
	}
	return f.answer("Decrypt "+keyARN, dataKey(ciphertext)), nil
}

// dataKey is what the fake has wrapped in a ciphertext.
func dataKey(ciphertext []byte) []byte {
	sum := sha256.Sum256(ciphertext)
	return sum[:]
}

func (f *fakeKeys) answer(call string, plaintext []byte) []byte {
	if f.garble == nil {
		return plaintext
	}
	return f.garble(call, plaintext)
}

// service checks a call that QLDB makes for itself: the key must be usable and a grant must allow it.
func (f *fakeKeys) service(at qldb.Place, keyARN, operation string) error {
	k := f.keys[keyARN]
	if k == nil {
		return wire.Faultf("NotFoundException", "Key '%s' does not exist", keyARN)
	}
	for _, g := range f.grants {
		if g.KeyARN == keyARN && g.Grantee == at.Principal() && slices.Contains(g.Operations, operation) {
			return k.usable()
		}
	}
	return denied()
}

func (k *fakeKey) usable() error {
	switch k.info.State {
	case "Enabled":
		return nil
	case "Disabled":
		return wire.Faultf("DisabledException", "%s is disabled.", k.info.ARN)
	}
	return wire.Faultf("KMSInvalidStateException", "%s is pending deletion.", k.info.ARN)
}

func denied() error {
	return &wire.Fault{
		Code: "AccessDeniedException", Message: "no statement allows it",
		Members: map[string]string{"RequestId": "0c237bd6-0b4e-4e54-a4a0-c2cd3fbc8e2a"},
	}
}

var errBroken = errors.New("broken")

func fault(code, text string) error { return wire.Faultf(code, "%s", text) }

func (f *fakeKeys) DecryptAs(
	_ context.Context, c *wire.Call, ciphertext []byte, encryptionContext map[string]string,
) error {
	return errors.New("fakeKeys decrypts for nobody but the service")
}
