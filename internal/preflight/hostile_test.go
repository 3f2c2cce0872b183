package preflight_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/preflight"
)

// hostile are policies that try to make the checks take long, each near the largest size.
func hostile(t testing.TB) map[string]string {
	t.Helper()
	fill := func(format string) string {
		var lines []string
		for i, size := 0, 0; size < 31_000; i++ {
			line := strings.ReplaceAll(format, "#", fmt.Sprint(i))
			one := document(t, line)
			size += len(one) - len(`{"Version":"2012-10-17","Statement":[]}`) + 1
			if size < 31_000 {
				lines = append(lines, line)
			}
		}
		return document(t, strings.Join(lines, " ; "))
	}
	return map[string]string{
		"denials":    fill("Deny * *"),
		"principals": fill("Allow r/p# kms:Decrypt"),
		"actions":    fill("Allow root kms:#*,kms:*#"),
		"conditions": fill(`Allow r/p# kms:* if {"StringLike":{"aws:PrincipalTag/a#":"*a*#","aws:PrincipalTag/b#":"?b*"}}`),
		"globs":      fill(`Allow * kms:* if {"StringLike":{"kms:RequestAlias":"*#*a*b*c*"}}`),
		"product": fill(`Allow *,r/p# kms:*#* if {"StringLike":{"aws:PrincipalTag/a":"*#","aws:PrincipalTag/b":"#*",` +
			`"aws:PrincipalTag/c":"*#*","aws:PrincipalTag/d":"#?","aws:PrincipalTag/e":"?#"}}`),
		"mixed": fill(`Allow *,r/p# kms:Decrypt,kms:Put* if {"StringLike":{"aws:PrincipalTag/a":"*#",` +
			`"aws:PrincipalTag/b":"#*","aws:PrincipalTag/c":"*#*"}}`),
		"sets": fill(`Allow * kms:Decrypt if {"StringLike":{"kms:EncryptionContext:x":"p#*"}} ; ` +
			`Deny * kms:Decrypt if {"StringLike":{"kms:EncryptionContext:x":"*s#"}}`),
		"negated":   fill(`Allow !r/p# kms:* if {"StringNotLikeIfExists":{"aws:PrincipalTag/b":"?#"}}`),
		"excluded":  fill(`Allow *,r/p# !kms:Decrypt if {"StringNotEquals":{"aws:PrincipalTag/b":["a*#","x#"]}}`),
		"variables": fill(`Deny root,r/p# * if {"StringLike":{"kms:EncryptionContext:x":"${aws:PrincipalTag/a}#*"}}`),
		"many keys": fill(`Deny *,r/p# !kms:Decrypt if {"Null":{"aws:CurrentTime":["*a*#*b*","x#"]},` +
			`"ForAnyValue:StringLike":{"aws:CurrentTime":["${aws:PrincipalTag/a}#*","*y#"]}} ; Deny root *`),
		"stars": fill(`Deny * kms:*****************************************************************#*`),
	}
}

// Large policies are judged too: in less than a second on a machine with nothing else to do.
func TestHostilePolicies(t *testing.T) {
	t.Parallel()
	for name, text := range hostile(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			start := time.Now()
			judged(t, text)
			// Under the race detector, on a machine with ten times as much to do as it can, it is slower by far.
			if took := time.Since(start); took > 4*time.Minute {
				t.Errorf("took %v", took)
			}
		})
	}
}

// FuzzCheck finds no text that stops the checks, and no finding without its words.
func FuzzCheck(f *testing.F) {
	for _, p := range pairs(f) {
		f.Add(p.fires)
		f.Add(p.twin)
	}
	for _, text := range []string{
		"", "null", "[]", "{}", `{"Statement":null}`, `{"Statement":[null]}`, "\xff", `{"a":{`,
	} {
		f.Add(text)
	}
	f.Fuzz(judged)
}

func judged(t *testing.T, text string) {
	list := preflight.Check(preflight.Input{
		Policy: text, Account: account, Region: region, Callers: []string{role("ci"), "", "*"},
		Readers: []string{role("x"), "arn:aws:sts::111122223333:assumed-role/x/n"},
	})
	if len(list) == 0 {
		t.Error("a session among the readers was not found")
	}
	for _, found := range list {
		if found.Rule == "" || found.Summary == "" || found.Fix == "" || !strings.HasSuffix(found.Detail, ".") {
			t.Errorf("a finding without its words: %+v", found)
		}
	}
}
