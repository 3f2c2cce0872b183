package harness_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// written is a log that many write to.
type written struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (w *written) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.Write(p)
}

func (w *written) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.String()
}

const marked = "MARKED-IN-POLICY"

// markedPolicies have the mark where a complaint about them might quote it; none but the first is well formed.
func markedPolicies() map[string]string {
	statement := func(more string) string {
		return `{"Version":"2012-10-17","Statement":[{"Sid":"` + strings.ReplaceAll(marked, "-", "") + `","Effect":"Allow",` +
			more + `}]}`
	}
	const who, what = `"Principal":{"AWS":"` + rootARN + `"},`, `"Action":"kms:*","Resource":"*"`
	return map[string]string{
		"good":      statement(who + what + `,"Condition":{"StringNotEquals":{"aws:PrincipalTag/x":"` + marked + `"}}`),
		"cut off":   statement(who + what)[:120] + marked,
		"twice":     statement(who + what + `,"` + marked + `":1,"` + marked + `":2`),
		"element":   statement(who + what + `,"` + marked + `":"` + marked + `"`),
		"operator":  statement(who + what + `,"Condition":{"` + marked + `":{"a:b":"` + marked + `"}}`),
		"principal": statement(`"Principal":{"AWS":"` + marked + `"},` + what),
		"nobody":    statement(`"Principal":{"AWS":"arn:aws:iam::` + account + `:role/` + marked + `"},` + what),
		"letters":   statement(who + what + `,"Condition":{"StringEquals":{"a:b":"` + marked + "\u20ac" + `"}}`),
		"too large": statement(who + what + `,"Condition":{"StringEquals":{"a:b":"` + strings.Repeat(marked, 4000) + `"}}`),
		"deep":      strings.Repeat(`{"`+marked+`":`, 500),
		"effect":    strings.Replace(statement(who+what), "Allow", marked, 1),
	}
}

// sendPolicy hands a policy to every operation that takes one, as the caller of cfg.
func (c cast) sendPolicy(cfg aws.Config, key, text string) (errs []error) {
	ctx, keys, people := c.t.Context(), kms.NewFromConfig(cfg), iam.NewFromConfig(cfg)
	name := aws.String(fmt.Sprint("m", len(text)))
	return []error{
		second(keys.CreateKey(ctx, &kms.CreateKeyInput{Policy: &text})),
		second(keys.PutKeyPolicy(ctx, &kms.PutKeyPolicyInput{KeyId: &key, Policy: &text})),
		second(people.CreateRole(ctx, &iam.CreateRoleInput{RoleName: name, AssumeRolePolicyDocument: &text})),
		second(people.UpdateAssumeRolePolicy(ctx, &iam.UpdateAssumeRolePolicyInput{RoleName: name, PolicyDocument: &text})),
		second(people.PutRolePolicy(ctx, &iam.PutRolePolicyInput{
			RoleName: aws.String("reader"), PolicyName: aws.String("q"), PolicyDocument: &text,
		})),
		second(people.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: name, PolicyDocument: &text})),
		second(people.SimulateCustomPolicy(ctx, &iam.SimulateCustomPolicyInput{
			ActionNames: []string{"kms:Decrypt"}, PolicyInputList: []string{text},
		})),
		second(sts.NewFromConfig(cfg).AssumeRole(ctx, &sts.AssumeRoleInput{
			RoleArn: aws.String(readerARN), RoleSessionName: aws.String("m"), Policy: &text,
		})),
	}
}

// TestNothingSecretInLogs searches the log, at the level that says most, and the list of calls, for policies and
// secrets, after calls that are answered, refused, malformed, and that end in an internal error.
func TestNothingSecretInLogs(t *testing.T) {
	t.Parallel()
	log, broken := &written{}, &brokenDisk{}
	cfg := broken.use(config(t.TempDir()))
	cfg.Log = slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	c := newCastIn(t, cfg)
	key := c.key(keyPolicy(to(readerARN, "kms:Decrypt")))
	c.ledger(key)

	secrets := map[string]string{"the policies": marked, "their Sids": strings.ReplaceAll(marked, "-", "")}
	keep := func(what, secret string) {
		if len(secret) < 12 {
			t.Fatalf("%s: %q is too short to search for", what, secret)
		}
		secrets[what] = secret
	}
	keep("the root user's key", c.h.Env()["AWS_SECRET_ACCESS_KEY"])
	keep("the developer's key", devSecret)
	session, err := c.as("reader").Credentials.Retrieve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	keep("the session's key", session.SecretAccessKey)
	keep("the session's token", session.SessionToken)
	c.useSecrets(key, keep)
	for name, text := range markedPolicies() {
		for i, err := range c.sendPolicy(c.root(), key, text) {
			if name != "good" && name != "nobody" && name != "principal" && err == nil {
				t.Errorf("%s: operation %d took the policy", name, i)
			}
		}
		for i, err := range c.sendPolicy(c.as("reader"), key, text) {
			if err == nil && i != 7 {
				t.Errorf("%s: operation %d is not denied to a role without rights", name, i)
			}
		}
	}
	calls := fmt.Sprintf("%+v", c.h.Recorder().Calls(0))
	broken.breakAt(1, func() manner { return manner{err: errors.New("input/output error")} })
	c.sendPolicy(c.root(), key, markedPolicies()["good"])
	if !strings.Contains(log.String(), "call ended in an internal error") {
		t.Errorf("the log does not tell of the broken disk, so it shows nothing: %s", log)
	}
	for what, secret := range secrets {
		for where, text := range map[string]string{"the log": log.String(), "the list of calls": calls} {
			if at := strings.Index(text, secret); at >= 0 {
				t.Errorf("%s has %s: ...%s...", where, what, text[max(0, at-200):min(len(text), at+200)])
			}
		}
	}
}

// useSecrets makes calls whose input or output is secret, and has keep remember what is.
func (c cast) useSecrets(key string, keep func(what, secret string)) {
	c.t.Helper()
	ctx, client := c.t.Context(), kms.NewFromConfig(c.root())
	made, err := iam.NewFromConfig(c.root()).CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: aws.String("dev")})
	if err != nil {
		c.t.Fatal(err)
	}
	keep("a new access key", *made.AccessKey.SecretAccessKey)
	const plain = "a plaintext that nobody may log"
	blob, err := client.Encrypt(ctx, &kms.EncryptInput{KeyId: &key, Plaintext: []byte(plain)})
	if err != nil {
		c.t.Fatal(err)
	}
	keep("the plaintext", plain)
	keep("the plaintext in base64", base64.StdEncoding.EncodeToString([]byte(plain)))
	if _, err := client.Decrypt(ctx, &kms.DecryptInput{CiphertextBlob: blob.CiphertextBlob}); err != nil {
		c.t.Fatal(err)
	}
	data, err := client.GenerateDataKey(ctx, &kms.GenerateDataKeyInput{KeyId: &key, KeySpec: kmstypes.DataKeySpecAes256})
	if err != nil {
		c.t.Fatal(err)
	}
	keep("a data key", base64.StdEncoding.EncodeToString(data.Plaintext))
	keep("a data key in hex", hex.EncodeToString(data.Plaintext))
	const document = "a document that nobody may log"
	if err := c.run(c.root(), "INSERT INTO Test VALUE {'text': '"+document+"'}"); err != nil {
		c.t.Fatal(err)
	}
	keep("a document", document)
	for _, e := range c.events(c.root(), types.LookupAttributeKey(""), "") { // what the trail may show are policies
		for _, secret := range []string{
			plain, base64.StdEncoding.EncodeToString([]byte(plain)), base64.StdEncoding.EncodeToString(data.Plaintext),
			*made.AccessKey.SecretAccessKey, document,
		} {
			if strings.Contains(*e.CloudTrailEvent, secret) {
				c.t.Errorf("the trail shows a secret: %s", *e.CloudTrailEvent)
			}
		}
	}
}
