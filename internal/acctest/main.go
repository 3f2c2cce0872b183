package acctest

import (
	"os"
	"strings"
	"testing"
)

// Main is TestMain of a package that tests the provider: it takes away what the machine says about AWS and Terraform,
// so that every test starts from nothing.
func Main(m *testing.M) {
	for _, pair := range os.Environ() {
		if name, _, _ := strings.Cut(pair, "="); strings.HasPrefix(name, "AWS_") || name == "TF_APPEND_USER_AGENT" {
			os.Unsetenv(name)
		}
	}
	for name, value := range map[string]string{
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull, "AWS_EC2_METADATA_DISABLED": "true",
		"TF_CLI_CONFIG_FILE": os.DevNull, "CHECKPOINT_DISABLE": "1",
	} {
		os.Setenv(name, value)
	}
	os.Exit(m.Run())
}
