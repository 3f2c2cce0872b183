package provider_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-log/tflog"
	"github.com/hashicorp/terraform-plugin-log/tflogtest"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider"
)

func TestLoggersMask(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	ctx := provider.WithLoggers(tflogtest.RootLogger(t.Context(), &log))
	fields := map[string]any{"ledger": "orders"}
	for _, name := range provider.MaskedFields {
		fields[name] = "hidden"
	}
	tflog.Info(ctx, "root", fields)
	for _, name := range provider.Subsystems {
		tflog.SubsystemInfo(ctx, name, "in "+name, fields)
	}
	lines := strings.Count(log.String(), "\n")
	if want := 1 + len(provider.Subsystems); lines != want {
		t.Errorf("got %d lines, want %d:\n%s", lines, want, log.String())
	}
	if strings.Contains(log.String(), "hidden") || !strings.Contains(log.String(), "orders") {
		t.Errorf("want the ledger's name and nothing hidden:\n%s", log.String())
	}
	if strings.Contains(log.String(), "warn") {
		t.Errorf("a subsystem was used before it was made:\n%s", log.String())
	}
}

func TestLoggersKeepFields(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	ctx := provider.WithLoggers(tflogtest.RootLogger(t.Context(), &log))
	ctx = tflog.SubsystemSetField(ctx, "wait", "ledger", "orders")
	tflog.SubsystemInfo(provider.WithLoggers(ctx), "wait", "poll")
	if !strings.Contains(log.String(), "orders") {
		t.Errorf("a second withLoggers dropped the fields:\n%s", log.String())
	}
}
