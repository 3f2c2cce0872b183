package provider_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider"
)

// whole is a provider block with every argument.
func whole() map[string]any {
	return map[string]any{
		"region": "eu-west-2", "access_key": "AKID", "secret_key": "s", "token": "t",
		"assume_role": []any{map[string]any{
			"role_arn": "arn:aws:iam::111122223333:role/deploy", "session_name": "ci", "external_id": "ext",
			"duration": "1h", "policy": "{}", "policy_arns": []any{"arn:aws:iam::aws:policy/ReadOnlyAccess"},
			"source_identity": "ci", "tags": map[string]any{"k": "v"}, "transitive_tag_keys": []any{"k"},
		}},
		"endpoints": map[string]any{
			"kms": "http://127.0.0.1:1", "qldb": "http://127.0.0.1:1", "qldb_session": "http://127.0.0.1:1",
			"sts": "http://127.0.0.1:1", "iam": "http://127.0.0.1:1", "cloudtrail": "http://127.0.0.1:1",
		},
		"use_fips_endpoint": false, "allowed_account_ids": []any{"111122223333"},
		"default_tags": map[string]any{"tags": map[string]any{"team": "ledger"}},
		"ignore_tags":  map[string]any{"keys": []any{"owner"}, "key_prefixes": []any{"scan:"}},
		"max_retries":  3, "retry_mode": "standard",
		"skip_credentials_validation": true, "skip_requesting_account_id": false,
	}
}

type noNetwork struct{ t *testing.T }

func (n noNetwork) RoundTrip(r *http.Request) (*http.Response, error) {
	n.t.Errorf("request to %s", r.URL)
	return nil, errors.New("no network")
}

func TestConfigureDoesNoNetwork(t *testing.T) {
	t.Parallel()
	for name, block := range map[string]map[string]any{"empty": {}, "whole": whole()} {
		c := newCore(t, provider.WithHTTPTransport(noNetwork{t}))
		if text := printed(c.validate(block)); text != "" {
			t.Errorf("%s block, validate:\n%s", name, text)
		}
		if text := printed(c.configure(block)); text != "" {
			t.Errorf("%s block, configure:\n%s", name, text)
		}
	}
}

// Whatever in the block is unknown, there is one warning, no error, no request, and a data source says why.
func TestUnknownConfiguration(t *testing.T) {
	t.Parallel()
	blocks := map[string]map[string]any{
		"one role":        {"assume_role": []any{map[string]any{"role_arn": unknown{}}}},
		"one endpoint":    {"endpoints": map[string]any{"kms": unknown{}}},
		"one default tag": {"default_tags": map[string]any{"tags": map[string]any{"k": unknown{}}}},
	}
	for name := range whole() {
		blocks[name] = map[string]any{name: unknown{}}
	}
	for name, block := range blocks {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCore(t, provider.WithHTTPTransport(noNetwork{t}))
			for _, d := range c.validate(block) {
				t.Errorf("validate: %s: %s", d.Summary, d.Detail)
			}
			diags := c.configure(block)
			if len(diags) != 1 || diags[0].Severity != tfprotov6.DiagnosticSeverityWarning {
				t.Fatalf("configure: got %d diagnostics, want one warning:\n%s", len(diags), printed(diags))
			}
			for argument := range block {
				if !strings.Contains(diags[0].Detail, argument) {
					t.Errorf("the warning does not name %s:\n%s", argument, diags[0].Detail)
				}
			}
			for name, config := range map[string]map[string]any{
				"qldbkms_ledger": {"name": "orders"}, "qldbkms_ledgers": {},
			} {
				_, diags := c.read(t.Context(), name, config)
				if len(diags) != 1 || diags[0].Summary != "The provider's configuration is not known yet" {
					t.Errorf("%s: got\n%s", name, printed(diags))
				}
			}
		})
	}
}

func TestBadBlock(t *testing.T) {
	t.Parallel()
	role := func(name string, v any) map[string]any {
		r := map[string]any{"role_arn": "arn:aws:iam::111122223333:role/deploy"}
		r[name] = v
		return map[string]any{"assume_role": []any{r}}
	}
	keys := map[string]any{"access_key": "a", "secret_key": "s"}
	c := newCore(t)
	for _, test := range []struct {
		block map[string]any
		at    string // the argument that is blamed
		says  string // what is allowed
	}{
		{map[string]any{"region": "eu-west"}, "region", "eu-west-2"},
		{map[string]any{"region": "eu-west-2a"}, "region", "eu-west-2"},
		{map[string]any{"region": ""}, "region", "eu-west-2"},
		{map[string]any{"region": "EU-WEST-2"}, "region", "eu-west-2"},
		{map[string]any{"endpoints": map[string]any{"kms": "localhost:4566"}}, "endpoints.kms", "http"},
		{map[string]any{"endpoints": map[string]any{"qldb": "ftp://h"}}, "endpoints.qldb", "http"},
		{map[string]any{"endpoints": map[string]any{"qldb_session": "http://"}}, "endpoints.qldb_session", "host"},
		{map[string]any{"endpoints": map[string]any{"sts": "http://u:hidden@h"}}, "endpoints.sts", "credentials"},
		{map[string]any{"endpoints": map[string]any{"iam": "http://h?x=1"}}, "endpoints.iam", "query"},
		{map[string]any{"endpoints": map[string]any{"cloudtrail": "h"}}, "endpoints.cloudtrail", "http"},
		{map[string]any{"access_key": "a"}, "access_key", "secret_key"},
		{map[string]any{"secret_key": "hidden"}, "secret_key", "access_key"},
		{map[string]any{"token": "hidden"}, "token", "access_key"},
		{map[string]any{"access_key": "", "secret_key": "hidden"}, "access_key", "at least 1"},
		{map[string]any{"profile": ""}, "profile", "at least 1"},
		{map[string]any{"shared_config_files": []any{}}, "shared_config_files", "at least 1"},
		{map[string]any{"shared_credentials_files": []any{nil}}, "shared_credentials_files", "null"},
		{map[string]any{"assume_role": []any{}}, "assume_role", "at least 1"},
		{role("role_arn", "deploy"), "assume_role[0].role_arn", "ARN of an IAM role"},
		{role("role_arn", "arn:aws:iam::111122223333:user/deploy"), "assume_role[0].role_arn", "ARN of an IAM role"},
		{role("session_name", "a b"), "assume_role[0].session_name", "2 to 64"},
		{role("external_id", "x"), "assume_role[0].external_id", "between 2 and 1224"},
		{role("duration", "60"), "assume_role[0].duration", "from 15m to 12h"},
		{role("duration", "14m59s"), "assume_role[0].duration", "from 15m to 12h"},
		{role("duration", "13h"), "assume_role[0].duration", "from 15m to 12h"},
		{role("policy", "{hidden"), "assume_role[0].policy", "JSON object"},
		{role("policy", "[]"), "assume_role[0].policy", "JSON object"},
		{role("policy_arns", []any{"x"}), "assume_role[0].policy_arns", "at least 20"},
		{role("source_identity", "x"), "assume_role[0].source_identity", "2 to 64"},
		{role("tags", map[string]any{"aws:x": "v"}), "assume_role[0].tags", `start with "aws:"`},
		{role("transitive_tag_keys", []any{""}), "assume_role[0].transitive_tag_keys", "1 to 128"},
		{map[string]any{"allowed_account_ids": []any{"12345"}}, "allowed_account_ids", "12 digits"},
		{map[string]any{"allowed_account_ids": []any{}}, "allowed_account_ids", "at least 1"},
		{map[string]any{"allowed_account_ids": []any{"111122223333"}, "skip_requesting_account_id": true},
			"skip_requesting_account_id", "Remove one"},
		{map[string]any{"default_tags": map[string]any{"tags": map[string]any{"AWS:x": "v"}}}, "default_tags.tags", "aws:"},
		{map[string]any{"default_tags": map[string]any{"tags": map[string]any{"k": nil}}}, "default_tags.tags", "null"},
		{map[string]any{"default_tags": map[string]any{"tags": map[string]any{"k": strings.Repeat("x", 257)}}},
			"default_tags.tags", "256"},
		{map[string]any{"ignore_tags": map[string]any{"key_prefixes": []any{""}}}, "ignore_tags.key_prefixes", "at least 1"},
		{map[string]any{"max_retries": -1}, "max_retries", "between 0 and 100"},
		{map[string]any{"max_retries": 101}, "max_retries", "between 0 and 100"},
		{map[string]any{"retry_mode": "legacy"}, "retry_mode", `"standard" "adaptive"`},
	} {
		diags := c.validate(test.block)
		if len(diags) == 0 {
			t.Errorf("%v: no error, want one on %s", test.block, test.at)
		}
		for _, d := range diags {
			if d.Severity != tfprotov6.DiagnosticSeverityError || !strings.HasPrefix(dotted(d.Attribute), test.at) {
				t.Errorf("%v: blames %s, want %s", test.block, dotted(d.Attribute), test.at)
			}
			if !strings.Contains(d.Summary+d.Detail, test.says) {
				t.Errorf("%v: %s: %s\nwant it to say %s", test.block, d.Summary, d.Detail, test.says)
			}
			if strings.Contains(d.Summary+d.Detail, "hidden") {
				t.Errorf("%v: a secret is shown: %s", test.block, d.Detail)
			}
		}
	}
	if text := printed(c.validate(keys)); text != "" {
		t.Errorf("a pair of keys alone:\n%s", text)
	}
}

// dotted is a path as configurations write it: assume_role[0].role_arn.
func dotted(p *tftypes.AttributePath) string {
	var b strings.Builder
	for _, step := range p.Steps() {
		switch step := step.(type) {
		case tftypes.AttributeName:
			b.WriteString("." + string(step))
		case tftypes.ElementKeyInt:
			b.WriteString("[0]")
		}
	}
	return strings.TrimPrefix(b.String(), ".")
}

// Setenv forbids running beside other tests.
func TestConfigureBlames(t *testing.T) {
	c := newCore(t)
	diags := c.configure(map[string]any{"profile": "nobody"})
	if len(diags) != 1 || dotted(diags[0].Attribute) != "profile" || !strings.Contains(diags[0].Detail, `"nobody"`) {
		t.Errorf("unknown profile: got\n%s", printed(diags))
	}
	t.Setenv("AWS_REGION", "london")
	diags = c.configure(nil)
	if len(diags) != 1 || dotted(diags[0].Attribute) != "region" || !strings.Contains(diags[0].Detail, `"london"`) {
		t.Errorf("wrong Region in the environment: got\n%s", printed(diags))
	}
}
