package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/awsclient"
)

// subsystems of the log: requests, decisions of a plan, polls, QLDB sessions. A level of its own is set by
// TF_LOG_PROVIDER_QLDBKMS_WAIT and its like.
var subsystems = []string{awsclient.LogSubsystem, "plan", "wait", "session"}

// maskedFields never show their values in a log, whoever writes them.
var maskedFields = []string{
	"document", "policy", "plaintext", "ciphertext", "secret_key", "token", "authorization",
}

type loggersKey struct{}

// withLoggers makes every log subsystem, masked. The masks of the root logger do not reach a subsystem, so no
// other place may make one. A context that has them is returned as it is, with the fields set since.
func withLoggers(ctx context.Context) context.Context {
	if ctx.Value(loggersKey{}) != nil {
		return ctx
	}
	ctx = tflog.MaskFieldValuesWithFieldKeys(ctx, maskedFields...)
	for _, name := range subsystems {
		ctx = tflog.NewSubsystem(ctx, name,
			tflog.WithLevelFromEnv("TF_LOG_PROVIDER_QLDBKMS", name), tflog.WithRootFields())
		ctx = tflog.SubsystemMaskFieldValuesWithFieldKeys(ctx, name, maskedFields...)
	}
	return context.WithValue(ctx, loggersKey{}, true)
}
