package harness_test

import (
	"context"
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness"
)

// A vector is one block of a table of package policy, which says how to read it.
type vector struct {
	name  string
	lines map[string][]string
	way   path // of prepare
}

func readVectors(t *testing.T, file string) (list []vector) {
	t.Helper()
	text, err := os.ReadFile("../policy/testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	let := map[string]string{}
	for block := range strings.SplitSeq(string(text), "\n\n") {
		v := vector{lines: map[string][]string{}}
		var twins []string
		for line := range strings.Lines(block) {
			kind, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
			switch name, value, _ := strings.Cut(rest, " "); {
			case kind == "" || strings.HasPrefix(kind, "#"):
			case kind == "let":
				let[name] = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(value), "="))
			case v.name == "":
				v.name = kind + " " + rest
			case kind == "twin":
				twins = append(twins, rest)
			default:
				v.lines[kind] = append(v.lines[kind], expanded(let, rest))
			}
		}
		if v.name != "" {
			list = append(list, v)
		}
		for _, change := range twins {
			list = append(list, v.twin(t, let, change))
		}
	}
	return list
}

func expanded(let map[string]string, rest string) string {
	name, more, _ := strings.Cut(rest, " ")
	if let[name] != "" {
		return strings.TrimSpace(let[name] + " " + more)
	}
	return rest
}

// twin is the vector with one change, which makes that allowed which v is about.
func (v *vector) twin(t *testing.T, let map[string]string, change string) vector {
	t.Helper()
	sign, rest, signed := strings.Cut(change, " ")
	if signed = sign == "+" || sign == "-"; !signed {
		rest = change
	}
	kind, line, _ := strings.Cut(rest, " ")
	line = expanded(let, line)
	lines := map[string][]string{}
	for name, list := range v.lines {
		lines[name] = slices.Clone(list)
	}
	switch {
	case sign == "+":
		lines[kind] = append(lines[kind], line)
	case sign == "-":
		lines[kind] = slices.DeleteFunc(lines[kind], func(one string) bool { return one == line })
	default:
		lines[kind] = []string{line}
	}
	answers := map[string]string{"deny": "allow", "fail": "pass"}
	word, _, _ := strings.Cut(v.lines["answer"][0], " ")
	if answers[word] == "" {
		t.Fatalf("%s has a twin, but is not denied", v.name)
	}
	lines["answer"] = []string{answers[word]}
	return vector{name: v.name + ", twin", lines: lines}
}

var entity = regexp.MustCompile(`\b(r|u|s|root)\((?:([AB]):)?([^)]*)\)`)

// long writes out the short names of a list of the table; key is K.
func long(list, key string) []string {
	owners := map[string]string{"": account, "A": account, "B": foreigner}
	all := strings.Split(list, "|")
	for i, s := range all {
		s = entity.ReplaceAllStringFunc(s, func(short string) string {
			m := entity.FindStringSubmatch(short)
			switch m[1] {
			case "root":
				return "arn:aws:iam::" + owners[m[3]] + ":root"
			case "s":
				return "arn:aws:sts::" + owners[m[2]] + ":assumed-role/" + m[3]
			}
			return "arn:aws:iam::" + owners[m[2]] + ":" + map[string]string{"r": "role", "u": "user"}[m[1]] + "/" + m[3]
		})
		switch s {
		case "A", "B":
			s = owners[s]
		case "K":
			s = key
		}
		all[i] = strings.Replace(s, ":A:", ":"+account+":", 1)
	}
	return all
}

// document is a policy of lines of the table; those of key policies say whom they are about.
func document(lines []string, key string, withPrincipal bool) string {
	var statements []any
	for _, line := range lines {
		head, conditions, _ := strings.Cut(line, " if ")
		words := strings.Fields(head)
		s := map[string]any{"Effect": words[0], "Resource": "*"}
		put := func(element, list string) {
			if inner, negated := strings.CutPrefix(list, "not("); negated {
				element, list = "Not"+element, strings.TrimSuffix(inner, ")")
			}
			s[element] = long(list, key)
			if host, isService := strings.CutPrefix(list, "service("); isService {
				s[element] = map[string]any{"Service": strings.TrimSuffix(host, ")")}
			} else if strings.HasSuffix(element, "Principal") {
				s[element] = map[string]any{"AWS": long(list, key)}
			}
		}
		if words = words[1:]; withPrincipal {
			put("Principal", words[0])
			words = words[1:]
		}
		put("Action", words[0])
		if len(words) == 3 && words[1] == "on" {
			if delete(s, "Resource"); words[2] != "nothing" {
				put("Resource", words[2])
			}
		}
		block := map[string]map[string][]string{}
		for c := range strings.SplitSeq(conditions, " and ") {
			if w := strings.Fields(c); len(w) == 3 {
				if block[w[0]] == nil {
					block[w[0]] = map[string][]string{}
				}
				block[w[0]][w[1]] = long(w[2], key)
			}
		}
		if len(block) > 0 {
			s["Condition"] = block
		}
		statements = append(statements, s)
	}
	text, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": statements})
	if err != nil {
		panic(err) // there is nothing in it that JSON cannot say
	}
	return string(text)
}

// vectorCast is a cast with the people of the table.
func vectorCast(t *testing.T) cast {
	t.Helper()
	trust := `"trust": ` + trustAll
	seed, err := harness.ParseSeed([]byte(`{"accounts": [
		{"id": "` + account + `", "users": [
			{"name": "dev", "inline": {"p": ` + mayAssume + `},
				"access_keys": [{"id": "` + devKey + `", "secret": "` + devSecret + `"}]},
			{"name": "alice", "access_keys": [{"id": "AKIAALICESOWNKEYXXXX", "secret": "` + devSecret + `"}]}],
		 "roles": [{"name": "ledger-reader", ` + trust + `}, {"name": "ledger-writer", ` + trust + `},
			{"name": "ledger-admin", ` + trust + `}, {"name": "other", ` + trust + `}]},
		{"id": "` + foreigner + `", "users": [{"name": "stranger", "inline": {"p": ` + allowed("*", "*") + `},
			"access_keys": [{"id": "` + aForeigner + `", "secret": "` + devSecret + `"}]}],
		 "roles": [{"name": "ext", ` + trust + `}]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	cfg := config(t.TempDir())
	cfg.Seed = seed
	h, server := open(t, cfg)
	return cast{t, h, server}
}

// caller gives who calls in the vector its policies, and returns its credentials.
func (c cast) caller(v *vector, key string) aws.Config {
	c.t.Helper()
	short := v.lines["caller"][0]
	if short == "root(A)" {
		return c.root()
	}
	arn := long(short, key)[0]
	admin := c.root()
	if strings.Contains(arn, foreigner) {
		admin = c.with(aForeigner, devSecret, "")
	}
	name := strings.Split(arn, "/")[1]
	isUser := strings.Contains(arn, ":user/")
	ctx, client := c.t.Context(), iam.NewFromConfig(admin)
	must := func(err error) {
		c.t.Helper()
		if err != nil {
			c.t.Fatal(err)
		}
	}
	if lines := v.lines["identity"]; len(lines) > 0 && lines[0] != "none" {
		text, p := document(lines, key, false), aws.String("p")
		if isUser {
			must(second(client.PutUserPolicy(ctx, &iam.PutUserPolicyInput{
				UserName: &name, PolicyName: p, PolicyDocument: &text,
			})))
		} else {
			must(second(client.PutRolePolicy(ctx, &iam.PutRolePolicyInput{
				RoleName: &name, PolicyName: p, PolicyDocument: &text,
			})))
		}
	}
	if lines := v.lines["boundary"]; len(lines) > 0 {
		text := document(lines, key, false)
		made, err := client.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: aws.String("bound"), PolicyDocument: &text})
		must(err)
		if isUser {
			must(second(client.PutUserPermissionsBoundary(ctx, &iam.PutUserPermissionsBoundaryInput{
				UserName: &name, PermissionsBoundary: made.Policy.Arn,
			})))
		} else {
			must(second(client.PutRolePermissionsBoundary(ctx, &iam.PutRolePermissionsBoundaryInput{
				RoleName: &name, PermissionsBoundary: made.Policy.Arn,
			})))
		}
	}
	if isUser {
		return c.with("AKIAALICESOWNKEYXXXX", devSecret, "")
	}
	by := c.with(devKey, devSecret, "")
	if strings.Contains(arn, foreigner) {
		by = admin
	}
	in := &sts.AssumeRoleInput{
		RoleArn:         aws.String("arn:aws:iam::" + strings.Split(arn, ":")[4] + ":role/" + name),
		RoleSessionName: aws.String(strings.Split(arn, "/")[2]),
	}
	if lines := v.lines["session"]; len(lines) > 0 {
		in.Policy = aws.String(document(lines, key, false))
	}
	out, err := sts.NewFromConfig(by).AssumeRole(ctx, in)
	must(err)
	return c.with(*out.Credentials.AccessKeyId, *out.Credentials.SecretAccessKey, *out.Credentials.SessionToken)
}

// call is the request of the vector, on the key or by the alias it was asked for.
func (v *vector) call(ctx context.Context, client *kms.Client, key, other string, blob []byte) error {
	ec, window, operations := v.encryptionContext(), int32(30), []kmstypes.GrantOperation{"Decrypt"}
	ref := key
	for _, line := range v.lines["context"] {
		switch name, value, _ := strings.Cut(line, "="); name {
		case "kms:RequestAlias":
			ref = value
		case "kms:ScheduleKeyDeletionPendingWindowInDays":
			days, err := strconv.Atoi(value)
			if err != nil {
				return err
			}
			window = int32(days)
		case "kms:GrantOperations":
			operations = nil
			for operation := range strings.SplitSeq(value, "|") {
				operations = append(operations, kmstypes.GrantOperation(operation))
			}
		}
	}
	switch action := strings.TrimPrefix(v.lines["request"][0], "kms:"); action {
	case "Decrypt":
		return second(client.Decrypt(ctx, &kms.DecryptInput{KeyId: &ref, CiphertextBlob: blob, EncryptionContext: ec}))
	case "DescribeKey":
		return second(client.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: &ref}))
	case "DisableKey":
		return second(client.DisableKey(ctx, &kms.DisableKeyInput{KeyId: &key}))
	case "PutKeyPolicy":
		return second(client.PutKeyPolicy(ctx, &kms.PutKeyPolicyInput{KeyId: &key, Policy: aws.String(keyPolicy())}))
	case "ScheduleKeyDeletion":
		return second(client.ScheduleKeyDeletion(ctx, &kms.ScheduleKeyDeletionInput{
			KeyId: &key, PendingWindowInDays: &window,
		}))
	case "CreateGrant":
		return second(client.CreateGrant(ctx, &kms.CreateGrantInput{
			KeyId: &key, GranteePrincipal: aws.String(rootARN), Operations: operations,
		}))
	case "ReEncryptFrom":
		return second(client.ReEncrypt(ctx, &kms.ReEncryptInput{
			CiphertextBlob: blob, SourceEncryptionContext: ec, SourceKeyId: &key, DestinationKeyId: &other,
		}))
	default: // ReEncryptTo
		out, err := client.Encrypt(ctx, &kms.EncryptInput{KeyId: &other, Plaintext: []byte("x")})
		if err != nil {
			return err
		}
		return second(client.ReEncrypt(ctx, &kms.ReEncryptInput{
			CiphertextBlob: out.CiphertextBlob, SourceKeyId: &other, DestinationKeyId: &key,
		}))
	}
}

func (v *vector) encryptionContext() map[string]string {
	ec := map[string]string{}
	for _, line := range v.lines["context"] {
		name, value, _ := strings.Cut(line, "=")
		if name, found := strings.CutPrefix(name, "kms:EncryptionContext:"); found {
			ec[name] = value
		}
	}
	return ec
}

// TestEvaluationVectors sends the requests of package policy's table through the SDK: as that user, as that role.
func TestEvaluationVectors(t *testing.T) {
	t.Parallel()
	paths := map[path]int{}
	for _, v := range readVectors(t, "evaluation.txt") {
		v.prepare()
		paths[v.way]++
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			c := vectorCast(t)
			key := c.keyIn(&v)
			var got string
			if v.way == throughAWS {
				got = c.through(&v, key)
			} else {
				got = c.ask(&v, key)
			}
			v.judge(t, key, got)
		})
	}
	// 81 vectors, and a twin of each of the 44 that are denied.
	want := map[path]int{direct: 100, throughAWS: 16, noFactor: 3, madeAnew: 3, disabled: 3}
	if diff := cmp.Diff(want, paths); diff != "" {
		t.Errorf("vectors by how they are brought about (-want +got):\n%s", diff)
	}
}

// judge compares what KMS said with the answer of the vector. What Decrypt says when it finds the key by itself is the
// same for every reason.
func (v *vector) judge(t *testing.T, key, got string) {
	t.Helper()
	answer := v.lines["answer"][0]
	allow := strings.HasPrefix(answer, "allow")
	explicit := strings.HasPrefix(answer, "deny explicit")
	told := !strings.Contains(got, "The ciphertext refers to a customer master key that does not exist")
	good := "ok"
	if v.way == disabled {
		good = "DisabledException: " + key + " is disabled."
	}
	switch {
	case allow && got != good, !allow && !strings.HasPrefix(got, "AccessDeniedException: "):
		t.Errorf("got %s, want %s", got, answer)
	case !allow && told && strings.Contains(got, "with an explicit deny in") != explicit:
		t.Errorf("got %s, want %s", got, answer)
	}
}

func (c cast) keyIn(v *vector) string {
	c.t.Helper()
	out, err := kms.NewFromConfig(v.in(c.root())).CreateKey(c.t.Context(), &kms.CreateKeyInput{})
	if err != nil {
		c.t.Fatal(err)
	}
	return *out.KeyMetadata.Arn
}

// ask makes the request of the vector directly, and returns what KMS answered.
func (c cast) ask(v *vector, key string) string {
	c.t.Helper()
	ctx, root := c.t.Context(), kms.NewFromConfig(c.root())
	other, alias := c.key(keyPolicy(to("*", "kms:*"))), "alias/orders"
	blob, err := root.Encrypt(ctx, &kms.EncryptInput{
		KeyId: &key, Plaintext: []byte("x"), EncryptionContext: v.encryptionContext(),
	})
	if err == nil {
		_, err = root.CreateAlias(ctx, &kms.CreateAliasInput{AliasName: &alias, TargetKeyId: &key})
	}
	for _, line := range v.lines["grant"] {
		w := strings.Fields(line)
		name, value, _ := strings.Cut(w[3], "=")
		limits := &kmstypes.GrantConstraints{EncryptionContextSubset: map[string]string{name: value}}
		if w[2] == "equals" {
			limits = &kmstypes.GrantConstraints{EncryptionContextEquals: map[string]string{name: value}}
		}
		if err == nil {
			_, err = root.CreateGrant(ctx, &kms.CreateGrantInput{
				KeyId: &key, GranteePrincipal: &long(w[0], key)[0], Constraints: limits,
				Operations: []kmstypes.GrantOperation{kmstypes.GrantOperation(w[1])},
			})
		}
	}
	if err == nil && v.way == disabled {
		_, err = root.DisableKey(ctx, &kms.DisableKeyInput{KeyId: &key})
	}
	if err == nil {
		_, err = root.PutKeyPolicy(ctx, &kms.PutKeyPolicyInput{
			KeyId: &key, Policy: aws.String(document(v.lines["key"], key, true)), BypassPolicyLockoutSafetyCheck: true,
		})
	}
	if err != nil {
		c.t.Fatal(err)
	}
	if v.way == madeAnew {
		c.remake()
	}
	return said(v.call(ctx, kms.NewFromConfig(c.caller(v, key)), key, other, blob.CiphertextBlob))
}

// TestLockOutVectors puts the key policies of package policy's table as their callers would: KMS takes those that leave
// the caller able to change them again.
func TestLockOutVectors(t *testing.T) {
	t.Parallel()
	const lockedOut = "MalformedPolicyDocumentException: The new key policy will not allow you to update the key policy " +
		"in the future."
	vectors := readVectors(t, "lockout.txt")
	if len(vectors) != 25+14 {
		t.Errorf("got %d vectors, want 25, and a twin of each of the 14 that fail", len(vectors))
	}
	for _, v := range vectors {
		if v.lines["caller"] == nil {
			v.lines["caller"] = []string{"s(ledger-admin/ci)"}
		}
		if v.lines["identity"] == nil {
			v.lines["identity"] = []string{"Allow kms:*"}
		}
		for i, line := range v.lines["key"] { // the network is the one that the test calls from
			v.lines["key"][i] = strings.ReplaceAll(line, "203.0.113.0/24", "127.0.0.0/8")
		}
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			c := vectorCast(t)
			key := c.key(keyPolicy(to("*", "kms:*")))
			client := kms.NewFromConfig(c.caller(&v, key))
			_, bypass := v.lines["bypass"]
			var err error
			if v.lines["request"] != nil && v.lines["request"][0] == "kms:CreateKey" {
				_, err = client.CreateKey(t.Context(), &kms.CreateKeyInput{})
			} else {
				_, err = client.PutKeyPolicy(t.Context(), &kms.PutKeyPolicyInput{
					KeyId: &key, Policy: aws.String(document(v.lines["key"], key, true)), BypassPolicyLockoutSafetyCheck: bypass,
				})
			}
			text := "ok"
			if v.lines["answer"][0] == "fail" {
				text = lockedOut
			}
			want(t, v.name, err, text)
		})
	}
}
