package comparison_test

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/clock"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/policy"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/preflight"
)

// A bad is a text that is no key policy, or one that cannot mean what it says, with what each of the three says of it.
type bad struct {
	name, text string
	parser     string // how the error of the parser begins: with a position where there is one; "" for none
	finding    string // rule and severity
	harness    string // how the fault of PutKeyPolicy begins; "" for none
}

// with is a policy that the account can manage, with further members or statements.
func with(statement string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"kms:*",` +
		`"Resource":"*"},` + "\n" + statement + "]}"
}

const malformed = "MalformedPolicyDocumentException: Policy document is malformed: "

// badInputs are those of the list that everything which reads key policies has to stand.
func badInputs() []bad {
	full := strings.Repeat(" ", policy.MaxBytes)
	reader := `{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:role/ledger-reader"},` +
		`"Action":"kms:Decrypt","Resource":"*"`
	syntax := func(name, text, at, finding string) bad {
		return bad{name, text, at, finding, malformed + at}
	}
	unmet := func(name, condition, finding string) bad {
		return bad{name: name, text: with(strings.Replace(reader, "role/ledger-reader", "root", 1) +
			`,"Condition":` + condition + `}`), finding: finding}
	}
	nobody := func(name, principal string) bad {
		return bad{name, with(`{"Effect":"Allow","Principal":` + principal + `,"Action":"kms:Decrypt","Resource":"*"}`),
			"line 2, column 38: statement 2: invalid principal ", "KP-306 error",
			"MalformedPolicyDocumentException: Policy contains a statement with one or more invalid principals."}
	}
	return []bad{
		{"one byte over 32 KB", with(reader+"}") + full[len(with(reader+"}"))-1:],
			"parse policy of 32769 bytes, at most 32768: ", "KP-501 error",
			"LimitExceededException: The new key policy is larger than 32768 bytes."},
		{"over 128 KB", full + full + full + full + "x", "parse policy of 131073 bytes, at most 32768: ", "KP-501 error",
			"ValidationException: 1 validation error detected: "},
		syntax("duplicate member", with(reader+`,"Action":"kms:*"}`),
			"line 2, column 124: duplicate member ", "KP-513 warning"),
		syntax("duplicate at the top", `{"Version":"2012-10-17","Version":"2008-10-17","Statement":[]}`,
			"line 1, column 25: ", "KP-513 warning"),
		syntax("unknown element", with(reader+`,"Principals":"*"}`),
			"line 2, column 124: statement 2: unknown element ", "KP-513 warning"),
		syntax("wrong case of an element", with(strings.Replace(reader, `"Action"`, `"action"`, 1)+`}`),
			"line 2, column 86: statement 2: unknown element ", "KP-513 warning"),
		syntax("wrong case of an effect", with(strings.Replace(reader, "Allow", "allow", 1)+`}`), "line 2, column 11: ",
			"KP-502 error"),
		syntax("wrong case of an operator", with(reader+`,"Condition":{"stringEquals":{"a":"b"}}}`),
			"line 2, column 137: ", "KP-406 error"),
		nobody("principal that is none", `{"AWS":"ledger-reader"}`),
		nobody("wildcard in a principal", `{"AWS":"arn:aws:iam::111122223333:role/*"}`),
		nobody("group as principal", `{"AWS":"arn:aws:iam::111122223333:group/readers"}`),
		nobody("empty principal", `{"AWS":""}`),
		nobody("no principals", `{"AWS":[]}`),
		unmet("conditions that exclude each other",
			`{"StringEquals":{"kms:ViaService":"s3.eu-west-2.amazonaws.com"},"Null":{"kms:ViaService":"true"}}`,
			"KP-408 warning"),
		unmet("network that is none", `{"IpAddress":{"aws:SourceIp":"10.0.0.0/99"}}`, "KP-411 warning"),
		unmet("address that is none", `{"IpAddress":{"aws:SourceIp":"300.1.1.1"}}`, "KP-411 warning"),
		unmet("date that is none", `{"DateLessThan":{"aws:CurrentTime":"2030-02-30T25:00:00Z"}}`, "KP-411 warning"),
		unmet("number that is none", `{"NumericLessThan":{"aws:MultiFactorAuthAge":"an hour"}}`, "KP-411 warning"),
		syntax("deep arrays", strings.Repeat("[", 30_000), "line 1, column 17: nested deeper ", "KP-502 error"),
		syntax("deep objects", with(reader+`,"Condition":`+strings.Repeat(`{"a":`, 6_000)),
			"line 2, column ", "KP-502 error"),
		syntax("deep statements", strings.Repeat(`{"Statement":[`, 2_300), "line 1, column ", "KP-502 error"),
		{"not UTF-8", with(strings.Replace(reader, "Allow", "All\xffow", 1) + "}"), "line 2, column 15: ", "KP-502 error",
			"SerializationException: "},
		syntax("beyond Latin-1", with(strings.Replace(reader, "Allow", "Allow\u201d", 1)+"}"),
			"line 2, column ", "KP-502 error"),
		syntax("10 000 statements", `{"Statement":[`+strings.Repeat("{},", 9_999)+`{}]}`, "line 1, column ", "KP-502 error"),
		syntax("cut off", with(reader)[:200], "line 2, column ", "KP-502 error"),
		{"nothing", "", "line 1, column 1: ", "KP-502 error", "ValidationException: 1 validation error detected: "},
		syntax("null", "null", "line 1, column 1: ", "KP-502 error"),
		syntax("zero bytes", strings.Repeat("\x00", 1000), "line 1, column 1: ", "KP-502 error"),
	}
}

// TestBadInput puts every bad input through the parser, preflight and PutKeyPolicy over HTTP. What is refused is
// refused with its position; nothing takes long or much memory.
//
// It does not run beside other tests: it counts what is allocated.
func TestBadInput(t *testing.T) {
	const most, longest = 64 << 20, 2 * time.Minute // bytes and time, a hundred times what they take
	h, err := harness.New(t.Context(), harness.Config{DataDir: t.TempDir(), Clock: clock.New(time.Now), Rand: rand.Reader,
		NoSync: true, AuthOff: true})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	key := keyOf(t, h)
	for _, b := range badInputs() {
		t.Run(b.name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			start := time.Now()
			said := ""
			if _, err := policy.Parse(b.text); err != nil {
				said = err.Error()
			}
			begins(t, "parser", said, b.parser)
			var fired []string
			for _, f := range preflight.Check(preflight.Input{Policy: b.text, Account: home, Region: region}) {
				fired = append(fired, f.Rule+" "+f.Severity.String())
				if f.Rule == b.finding[:6] && strings.HasPrefix(b.parser, "line ") && f.Statement == "" &&
					!strings.Contains(f.Detail, b.parser) && f.Rule != "KP-406" {
					t.Errorf("%s does not say where: %s", f.Rule, f.Detail)
				}
			}
			if !slices.Contains(fired, b.finding) {
				t.Errorf("preflight: got %v, want %s", fired, b.finding)
			}
			begins(t, "harness", putRaw(t, h, key, b.text), b.harness)
			runtime.ReadMemStats(&after)
			if used := after.TotalAlloc - before.TotalAlloc; used > most {
				t.Errorf("%d MB were allocated", used>>20)
			}
			if took := time.Since(start); took > longest {
				t.Errorf("took %v", took)
			}
		})
	}
	if got := putRaw(t, h, key, with(`{"Effect":"Deny","Principal":"*","Action":"kms:Sign","Resource":"*"}`)); got != "" {
		t.Errorf("a good policy: got %s", got)
	}
}

func begins(t *testing.T, who, got, want string) {
	t.Helper()
	if want == "" && got != "" || !strings.HasPrefix(got, want) {
		t.Errorf("%s:\n got %.200s\nwant %s", who, got, want)
	}
}

// call makes one call to KMS, without a signature.
func call(t *testing.T, h http.Handler, operation string, body []byte) (status int, answer []byte) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", bytes.NewReader(body))
	r.Header.Set("X-Amz-Target", "TrentService."+operation)
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	out := httptest.NewRecorder()
	h.ServeHTTP(out, r)
	answer, err := io.ReadAll(out.Result().Body)
	if err != nil {
		t.Fatal(err)
	}
	return out.Code, answer
}

func keyOf(t *testing.T, h http.Handler) string {
	t.Helper()
	status, answer := call(t, h, "CreateKey", []byte("{}"))
	var made struct{ KeyMetadata struct{ Arn string } }
	if err := json.Unmarshal(answer, &made); err != nil || status != http.StatusOK {
		t.Fatalf("create key: %d %s %v", status, answer, err)
	}
	return made.KeyMetadata.Arn
}

// putRaw puts a policy byte for byte, valid UTF-8 or not. The result is "Code: message" of the fault, or "".
func putRaw(t *testing.T, h http.Handler, key, text string) string {
	t.Helper()
	var b bytes.Buffer
	fmt.Fprintf(&b, `{"KeyId":%q,"Policy":"`, key)
	for i := range len(text) {
		switch c := text[i]; {
		case c == '"' || c == '\\':
			b.WriteString(`\` + string(rune(c)))
		case c < ' ':
			fmt.Fprintf(&b, `\u%04x`, c)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteString(`"}`)
	status, answer := call(t, h, "PutKeyPolicy", b.Bytes())
	if status == http.StatusOK {
		return ""
	}
	var fault struct {
		Type    string `json:"__type"`
		Message string `json:"message"`
	}
	if err := json.Unmarshal(answer, &fault); err != nil || status != http.StatusBadRequest {
		t.Fatalf("put policy: %d %s %v", status, answer, err)
	}
	return fault.Type + ": " + fault.Message
}
