package harness_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/qldb"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness"
)

const seededKey = "6f0c1b52-0d7e-4c1a-9a53-2f1f8d1f9a01"

// seededYAML has a role, a key whose policy names it, and a ledger under that key.
const seededYAML = `
accounts:
  - id: "111122223333"
    roles:
      - name: reader
        trust: {Version: "2012-10-17", Statement: {Effect: Allow, Principal: {AWS: "*"}, Action: "sts:AssumeRole"}}
    keys:
      - id: 6f0c1b52-0d7e-4c1a-9a53-2f1f8d1f9a01
        region: eu-west-2
        description: Protects the ledger
        aliases: [alias/orders]
        rotation_days: 180
        tags: {team: records}
        policy:
          Version: "2012-10-17"
          Statement:
            - {Effect: Allow, Principal: {AWS: "arn:aws:iam::111122223333:root"}, Action: "kms:*", Resource: "*"}
            - Sid: Read
              Effect: Allow
              Principal: {AWS: "arn:aws:iam::111122223333:role/reader"}
              Action: "kms:Decrypt"
              Resource: "*"
    ledgers:
      - {name: orders, id: Zk3vQ0m2T7aB9xYc1LwPeA, region: eu-west-2, kms_key: alias/orders, deletion_protection: false}
`

func seeded(t *testing.T, text string) harness.Seed {
	t.Helper()
	seed, err := harness.ParseSeedYAML([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return seed
}

func TestSeedLaysDownKeysAndLedgers(t *testing.T) {
	t.Parallel()
	cfg := config(t.TempDir())
	cfg.Seed = seeded(t, seededYAML)
	h, server := open(t, cfg)
	keys := kms.NewFromConfig(sdk(h, server, "eu-west-2"))
	ledgers := qldb.NewFromConfig(sdk(h, server, "eu-west-2"))

	key, err := keys.DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: aws.String("alias/orders")})
	if err != nil {
		t.Fatal(err)
	}
	if got := *key.KeyMetadata.KeyId; got != seededKey {
		t.Errorf("alias/orders names key %s, want %s", got, seededKey)
	}
	rotation, err := keys.GetKeyRotationStatus(t.Context(), &kms.GetKeyRotationStatusInput{KeyId: aws.String(seededKey)})
	if err != nil {
		t.Fatal(err)
	}
	if !rotation.KeyRotationEnabled || aws.ToInt32(rotation.RotationPeriodInDays) != 180 {
		t.Errorf("rotation %v every %d days, want true every 180",
			rotation.KeyRotationEnabled, aws.ToInt32(rotation.RotationPeriodInDays))
	}
	ledger, err := ledgers.DescribeLedger(t.Context(), &qldb.DescribeLedgerInput{Name: aws.String("orders")})
	if err != nil {
		t.Fatal(err)
	}
	if got := aws.ToString(ledger.EncryptionDescription.KmsKeyArn); got != *key.KeyMetadata.Arn {
		t.Errorf("the ledger is under %s, want %s", got, *key.KeyMetadata.Arn)
	}
}

// What a user did to a key or a ledger since is not undone by the next start.
func TestSeedLeavesKeysAndLedgersThatAreThere(t *testing.T) {
	t.Parallel()
	cfg := config(t.TempDir())
	cfg.Seed = seeded(t, seededYAML)
	h, server := open(t, cfg)
	keys := kms.NewFromConfig(sdk(h, server, "eu-west-2"))
	ctx := t.Context()
	if _, err := keys.DeleteAlias(ctx, &kms.DeleteAliasInput{AliasName: aws.String("alias/orders")}); err != nil {
		t.Fatal(err)
	}
	if _, err := keys.DisableKey(ctx, &kms.DisableKeyInput{KeyId: aws.String(seededKey)}); err != nil {
		t.Fatal(err)
	}
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}

	h, server = open(t, cfg)
	keys = kms.NewFromConfig(sdk(h, server, "eu-west-2"))
	key, err := keys.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: aws.String(seededKey)})
	if err != nil {
		t.Fatal(err)
	}
	if got := string(key.KeyMetadata.KeyState); got != "Disabled" {
		t.Errorf("the key is %s after the second start, want Disabled", got)
	}
	aliases, err := keys.ListAliases(ctx, &kms.ListAliasesInput{KeyId: aws.String(seededKey)})
	if err != nil {
		t.Fatal(err)
	}
	if n := len(aliases.Aliases); n != 0 {
		t.Errorf("the key has %d aliases after the second start, want 0", n)
	}
}

func TestSeedSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	for change, want := range map[[2]string]string{
		{seededKey, "nonsense"}:                       `seed account 111122223333: key id "nonsense"`,
		{"rotation_days: 180", "rotation_days: 18"}:   "rotation every 18 days: want 90 to 2560",
		{"role/reader", "role/nobody"}:                "MalformedPolicyDocumentException",
		{"Zk3vQ0m2T7aB9xYc1LwPeA", "short"}:           `ledger "orders": id "short": want 22 letters and digits`,
		{"kms_key: alias/orders", "kms_key: alias/x"}: `ledger "orders"`,
		{"[alias/orders]", "[alias/aws/qldb]"}:        "alias/aws/qldb",
		{"[alias/orders]", "[alias/a, alias/a]"}:      "exists and names another key",
		{`id: "111122223333"`, `id: "42"`}:            "want 12 digits",
	} {
		t.Run(change[1], func(t *testing.T) {
			t.Parallel()
			cfg := config(t.TempDir())
			cfg.Seed = seeded(t, strings.ReplaceAll(seededYAML, change[0], change[1]))
			h, err := harness.New(t.Context(), cfg)
			if err == nil {
				_ = h.Close()
				t.Fatalf("got no error, want one with %q", want)
			}
			if !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, want %q in it", err, want)
			}
		})
	}
}

func TestSeedRefusesWhatItCannotRead(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"accounts: [{id: 111122223333}]":       "want a text",
		"accounts: [{id: \"1\", role: []}]":    `unknown field "role"`,
		"accounts:\n  - id: \"1\"\n :secret x": "not YAML at line 3",
		"accounts: {a: b}":                     "accounts: want",
	} {
		_, err := harness.ParseSeedYAML([]byte(text))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q in it", text, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: the error quotes the file: %v", text, err)
		}
	}
}
