package iam_test

import (
	"crypto/rand"
	"testing"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/clock"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/service/iam"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/local"
)

// BenchmarkPrincipal looks up a session of a role with an inline and two managed policies, as each request does.
func BenchmarkPrincipal(b *testing.B) {
	state, err := local.Open(b.Context(), b.TempDir(), local.Options{NoSync: true, Rand: rand.Reader})
	if err != nil {
		b.Fatal(err)
	}
	defer state.Close()
	now := clock.NewFrozen(time.Date(2026, 1, 5, 10, 15, 0, 0, time.UTC))
	s, err := iam.New(iam.Config{State: state, Sealer: state.Sealer(), Rand: rand.Reader, Clock: now})
	if err != nil {
		b.Fatal(err)
	}
	role := iam.SeedRole{Name: "r", ID: "AROAREADERREADERREADE", Trust: iam.Document(trusting(account)),
		Attachments: iam.Attachments{Inline: map[string]iam.Document{"p": iam.Document(allowing("kms:*"))},
			Attached: []string{administrator, "arn:aws:iam::aws:policy/AmazonQLDBFullAccess"}}}
	err = s.Seed(b.Context(), iam.Seed{Accounts: []iam.SeedAccount{{ID: account, Roles: []iam.SeedRole{role}}}})
	if err != nil {
		b.Fatal(err)
	}
	made, err := s.Issue(b.Context(), iam.Session{Account: account, RoleID: role.ID, UserID: role.ID + ":s",
		ARN: "arn:aws:sts::" + account + ":assumed-role/r/s", RoleARN: "arn:aws:iam::" + account + ":role/r",
		Policies: []string{allowing("kms:Decrypt")}, Issued: now.Now(), Expires: now.Now().Add(time.Hour)})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := s.Principal(b.Context(), made.Caller); err != nil {
			b.Fatal(err)
		}
	}
}
