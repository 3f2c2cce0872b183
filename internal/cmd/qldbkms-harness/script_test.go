package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness"
)

func TestMain(m *testing.M) {
	testscript.Main(tidyRun{m}, map[string]func(){"qldbkms-harness": main})
}

// tidyRun removes the mirror after all tests.
type tidyRun struct{ testscript.TestingM }

func (r tidyRun) Run() int {
	code := r.TestingM.Run()
	if built.dir != "" {
		if err := os.RemoveAll(built.dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	}
	return code
}

// patience bounds every wait for something that another process does.
const patience = 2 * time.Minute

// TestScripts runs both programs as users do, through the real engine. In a script:
//
//	tf ARG...            the engine; init is not needed before plan and apply after the first
//	serve NAME FLAG...   starts a harness in the background and points the environment at it
//	admin PATH JSON      posts to /_harness/PATH and keeps the answer as stdout
//	await OP COUNT       waits until OP was called COUNT times, or, with "running", is being called
func TestScripts(t *testing.T) {
	t.Parallel()
	engine := findEngine(t)
	mirror := buildProvider(t)
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(env *testscript.Env) error {
			env.Setenv("ENGINE", engine)
			env.Setenv("TF_CLI_CONFIG_FILE", filepath.Join(mirror, "mirror.tfrc"))
			env.Setenv("CHECKPOINT_DISABLE", "1")
			env.Setenv("TF_IN_AUTOMATION", "1")
			env.Setenv("TF_CLI_ARGS", "-no-color")
			env.Setenv("ROOT", filepath.Dir(filepath.Dir(filepath.Dir(thisDir(t)))))
			env.Setenv("PYTHON", pythonSDK())
			env.Setenv("AWS_WITH_QLDB", commandLine())
			env.Setenv("MIRROR", mirror)
			env.Setenv("TF_ACC_AWS_MIRROR", os.Getenv("TF_ACC_AWS_MIRROR"))
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"tf": runEngine, "connect": connect, "admin": admin, "await": await,
		},
		Condition: func(name string) (bool, error) {
			switch name {
			case "aws":
				_, err := exec.LookPath("aws")
				return err == nil, nil
			case "identity": // Terraform knows resource identity from 1.12 on, OpenTofu in every release we support
				out, err := exec.Command(engine, "version").Output()
				return !strings.Contains(string(out), "Terraform v1.11."), err
			case "awsqldb":
				return commandLine() != "", nil
			case "awsprovider":
				found, err := filepath.Glob(os.Getenv("TF_ACC_AWS_MIRROR") + "/registry.terraform.io/hashicorp/aws/5*")
				return len(found) > 0, err
			case "boto3":
				if pythonSDK() == "" && os.Getenv("CI") != "" {
					return false, errors.New("no python3 on the PATH has a boto3 that knows QLDB")
				}
				return pythonSDK() != "", nil
			}
			return false, fmt.Errorf("unknown condition %q", name)
		},
	})
}

func thisDir(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// findEngine is the engine that "make test" names, or the first on the PATH.
func findEngine(t *testing.T) string {
	t.Helper()
	for _, name := range []string{os.Getenv("TF_ACC_TERRAFORM_PATH"), "terraform", "tofu"} {
		if path, err := exec.LookPath(name); name != "" && err == nil {
			return path
		}
	}
	t.Fatal("neither terraform nor tofu is on the PATH: run \"make test\", which builds OpenTofu once")
	return ""
}

// built is the mirror, made by the first test that needs it: all use the same program.
var built struct {
	once sync.Once
	dir  string
	err  error
}

// buildProvider builds the provider and lays it down as a filesystem mirror for both engines.
func buildProvider(t *testing.T) (dir string) {
	t.Helper()
	built.once.Do(func() {
		if built.dir, built.err = os.MkdirTemp("", "mirror"); built.err == nil {
			built.err = fillMirror(built.dir)
		}
	})
	if built.err != nil {
		t.Fatal(built.err)
	}
	return built.dir
}

func fillMirror(mirror string) error {
	binary := filepath.Join(mirror, "terraform-provider-qldbkms")
	build := exec.Command("go", "build", "-ldflags", "-s -w", "-o", binary, "../../..")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build the provider: %w\n%s", err, out)
	}
	for _, host := range []string{"registry.terraform.io", "registry.opentofu.org"} {
		dir := filepath.Join(mirror, host, "qldbkms", "qldbkms", "0.1.0", runtime.GOOS+"_"+runtime.GOARCH)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
		if err := os.Link(binary, filepath.Join(dir, "terraform-provider-qldbkms_v0.1.0")); err != nil {
			return err
		}
	}
	config := fmt.Sprintf("provider_installation {\n  filesystem_mirror {\n    path = %q\n  }\n}\n", mirror)
	return os.WriteFile(filepath.Join(mirror, "mirror.tfrc"), []byte(config), 0o600)
}

func runEngine(ts *testscript.TestScript, neg bool, args []string) {
	err := ts.Exec(ts.Getenv("ENGINE"), args...)
	if neg && err == nil {
		ts.Fatalf("the engine succeeded, and should not")
	}
	if !neg && err != nil {
		ts.Fatalf("the engine failed: %v", err)
	}
}

// connect waits for a harness over the data directory and points the environment at it.
func connect(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: connect DATA-DIR")
	}
	var env map[string]string
	poll(ts, "a harness over "+args[0], func() (done bool) {
		var err error
		env, err = harness.RunningEnv(context.Background(), ts.MkAbs(args[0]))
		return err == nil
	})
	for name, value := range env {
		ts.Setenv(name, value)
	}
}

// admin posts a body to the harness. The answer is written to the file admin.out.
func admin(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: admin PATH JSON")
	}
	answer := post(ts, args[0], args[1])
	ts.Check(os.WriteFile(ts.MkAbs("admin.out"), answer, 0o600))
}

func post(ts *testscript.TestScript, path, body string) []byte {
	url := ts.Getenv("AWS_ENDPOINT_URL") + "/_harness/" + path
	response, err := http.Post(url, "application/json", strings.NewReader(body))
	ts.Check(err)
	defer response.Body.Close()
	var answer json.RawMessage
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil || response.StatusCode != http.StatusOK {
		ts.Fatalf("POST %s: %s: %s", url, response.Status, answer)
	}
	return answer
}

// await waits until an operation was answered COUNT times, or, with "running", is under way.
func await(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: await OPERATION COUNT|running")
	}
	poll(ts, strings.Join(args, " "), func() bool {
		var answer struct {
			Calls []struct {
				Operation string `json:"operation"`
				InFlight  bool   `json:"in_flight"`
			} `json:"calls"`
		}
		ts.Check(json.Unmarshal(post(ts, "calls", "{}"), &answer))
		ended, running := 0, 0
		for _, c := range answer.Calls {
			switch {
			case c.Operation != args[0]:
			case c.InFlight:
				running++
			default:
				ended++
			}
		}
		return args[1] == "running" && running > 0 || args[1] == fmt.Sprint(ended)
	})
}

// poll asks done until it says yes.
func poll(ts *testscript.TestScript, what string, done func() bool) {
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for deadline := time.After(patience); ; {
		if done() {
			return
		}
		select {
		case <-again.C:
		case <-deadline:
			ts.Fatalf("waited %s for %s in vain", patience, what)
		}
	}
}
