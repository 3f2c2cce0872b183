package upstream_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// The credentials that the server knows, and those of the role that it lets them assume.
const (
	ownID, ownSecret   = "AKIAOWNEXAMPLE", "own secret"
	roleID, roleSecret = "ASIAROLEEXAMPLE", "secret of the role"
	roleToken          = "token of the role"
	roleARN            = "arn:aws:iam::111122223333:role/deliver"
)

// server speaks as much of S3, Kinesis Data Streams and STS as a delivery needs. It is written from the API
// references, not from the clients: signatures are checked by hand, and so is every hash.
//
// Only a server of our own can fail on demand: fail is called before a request is done and answers it in its place.
type server struct {
	*httptest.Server
	t *testing.T

	mu      sync.Mutex
	fail    func(w http.ResponseWriter, r *http.Request, body []byte) bool
	noSSE   bool              // takes the encryption headers and does nothing about them
	objects map[string]object // by bucket/key; a bucket is there when an object "bucket/" is
	streams map[string]*stream
	callers []string // access key ids, by request
	sizes   []int    // of each PutRecords, in records
}

type object struct {
	body   string
	header http.Header
}

type stream struct {
	status  string
	arn     string
	records []string // data, as it arrived
	refuse  func(data string) bool
}

func newServer(t *testing.T) *server {
	t.Helper()
	s := &server{t: t, objects: map[string]object{}, streams: map[string]*stream{}}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		s.t.Errorf("read a request: %v", err)
		return
	}
	id, service, err := signedBy(r, body)
	if err != nil {
		s.t.Errorf("%s %s: %v", r.Method, r.URL, err)
		w.WriteHeader(http.StatusForbidden)
		return
	}
	s.callers = append(s.callers, service+" "+id)
	switch {
	case s.fail != nil && s.fail(w, r, body):
	case service == "s3":
		s.putObject(w, r, body)
	case service == "kinesis":
		s.kinesis(w, r, body)
	case service == "sts":
		s.assumeRole(w, body)
	}
}

func xmlFault(w http.ResponseWriter, status int, code, message string) {
	w.WriteHeader(status)
	fmt.Fprintf(w, "<Error><Code>%s</Code><Message>%s</Message></Error>", code, message)
}

func jsonFault(w http.ResponseWriter, code, message string) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.WriteHeader(http.StatusBadRequest)
	fmt.Fprintf(w, `{"__type": %q, "message": %q}`, code, message)
}

func (s *server) putObject(w http.ResponseWriter, r *http.Request, body []byte) {
	sum := sha256.Sum256(body)
	bucket, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	_, found := s.objects[bucket+"/"]
	sse := r.Header.Get("X-Amz-Server-Side-Encryption")
	switch {
	case r.Method != http.MethodPut:
		xmlFault(w, http.StatusMethodNotAllowed, "MethodNotAllowed", r.Method)
	case r.Header.Get("Content-Encoding") != "" || r.Header.Get("X-Amz-Trailer") != "":
		xmlFault(w, http.StatusNotImplemented, "NotImplemented", "chunks and trailers are not understood")
	case r.Header.Get("X-Amz-Checksum-Sha256") != base64.StdEncoding.EncodeToString(sum[:]):
		xmlFault(w, http.StatusBadRequest, "BadDigest", "The SHA256 you specified did not match the calculated checksum.")
	case !found:
		xmlFault(w, http.StatusNotFound, "NoSuchBucket", "The specified bucket does not exist")
	default:
		s.objects[strings.TrimPrefix(r.URL.Path, "/")] = object{string(body), r.Header.Clone()}
		if sse != "" && !s.noSSE {
			w.Header().Set("X-Amz-Server-Side-Encryption", sse)
		}
		w.Header().Set("ETag", `"`+hex.EncodeToString(sum[:16])+`"`)
	}
}

func (s *server) kinesis(w http.ResponseWriter, r *http.Request, body []byte) {
	var in struct {
		StreamName, StreamARN string
		Records               []struct {
			Data         []byte
			PartitionKey string
		}
	}
	if err := json.Unmarshal(body, &in); err != nil {
		jsonFault(w, "SerializationException", err.Error())
		return
	}
	to := s.streams[in.StreamName]
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	switch {
	case to == nil || to.arn != in.StreamARN:
		jsonFault(w, "ResourceNotFoundException", "Stream "+in.StreamName+" not found.")
	case operation == "DescribeStream":
		fmt.Fprintf(w, `{"StreamDescription": {"StreamName": %q, "StreamARN": %q, "StreamStatus": %q, "Shards": [],
			"HasMoreShards": false, "RetentionPeriodHours": 24, "EnhancedMonitoring": [], "StreamCreationTimestamp": 1}}`,
			in.StreamName, to.arn, to.status)
	case operation == "PutRecords":
		s.sizes = append(s.sizes, len(in.Records))
		total := 0
		var out struct {
			FailedRecordCount int
			Records           []map[string]string
		}
		for _, rec := range in.Records {
			total += len(rec.Data) + len(rec.PartitionKey)
			if to.refuse != nil && to.refuse(string(rec.Data)) {
				out.FailedRecordCount++
				out.Records = append(out.Records, map[string]string{
					"ErrorCode": "ProvisionedThroughputExceededException", "ErrorMessage": "Rate exceeded for shard",
				})
				continue
			}
			to.records = append(to.records, string(rec.Data))
			out.Records = append(out.Records, map[string]string{
				"SequenceNumber": strconv.Itoa(len(to.records)), "ShardId": "shardId-000000000000",
			})
		}
		if len(in.Records) > 500 || total > 5<<20 {
			s.t.Errorf("PutRecords: %d records of %d bytes", len(in.Records), total)
		}
		if err := json.NewEncoder(w).Encode(out); err != nil {
			s.t.Error(err)
		}
	default:
		jsonFault(w, "UnknownOperationException", operation)
	}
}

func (s *server) assumeRole(w http.ResponseWriter, body []byte) {
	in, err := url.ParseQuery(string(body))
	if err != nil || in.Get("Action") != "AssumeRole" {
		xmlFault(w, http.StatusBadRequest, "InvalidAction", in.Get("Action"))
		return
	}
	if in.Get("RoleArn") != roleARN {
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprint(w, "<ErrorResponse><Error><Code>AccessDenied</Code><Message>not authorized to perform: "+
			"sts:AssumeRole</Message></Error></ErrorResponse>")
		return
	}
	_, err = fmt.Fprintf(w, "%s<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>%s</AccessKeyId>"+
		"<SecretAccessKey>%s</SecretAccessKey><SessionToken>%s</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration>"+
		"</Credentials></AssumeRoleResult></AssumeRoleResponse>", xml.Header, roleID, roleSecret, roleToken)
	if err != nil {
		s.t.Error(err)
	}
}

// signedBy checks the signature of a request and the hash of its content, and returns whose access key and which
// service it names.
//
// Source: IAM User Guide, "Create a signed AWS API request".
func signedBy(r *http.Request, body []byte) (id, service string, err error) {
	field := map[string]string{}
	rest, ok := strings.CutPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 ")
	for part := range strings.SplitSeq(rest, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		field[name] = value
	}
	scope := strings.Split(field["Credential"], "/")
	if !ok || len(scope) != 5 || scope[4] != "aws4_request" {
		return "", "", fmt.Errorf("Authorization %q", r.Header.Get("Authorization"))
	}
	secret := map[string]string{ownID: ownSecret, roleID: roleSecret}[scope[0]]
	if token := r.Header.Get("X-Amz-Security-Token"); token != map[string]string{roleID: roleToken}[scope[0]] {
		return "", "", fmt.Errorf("session token %q of %s", token, scope[0])
	}
	sum := sha256.Sum256(body)
	content := hex.EncodeToString(sum[:])
	if said := r.Header.Get("X-Amz-Content-Sha256"); scope[3] == "s3" && said != content {
		return "", "", fmt.Errorf("content hash %q", said)
	}
	signed := strings.Split(field["SignedHeaders"], ";")
	if !slices.Contains(signed, "host") {
		return "", "", fmt.Errorf("signed headers %q", signed)
	}
	text := r.Method + "\n" + r.URL.EscapedPath() + "\n" + r.URL.Query().Encode() + "\n"
	for _, name := range signed {
		value := strings.Join(r.Header.Values(name), ",")
		switch name {
		case "host":
			value = r.Host
		case "content-length":
			value = strconv.FormatInt(r.ContentLength, 10)
		}
		text += name + ":" + strings.TrimSpace(value) + "\n"
	}
	canonical := sha256.Sum256([]byte(text + "\n" + field["SignedHeaders"] + "\n" + content))
	key := []byte("AWS4" + secret)
	for _, part := range scope[1:] {
		key = mac(key, part)
	}
	want := hex.EncodeToString(mac(key, "AWS4-HMAC-SHA256\n"+r.Header.Get("X-Amz-Date")+"\n"+
		strings.Join(scope[1:], "/")+"\n"+hex.EncodeToString(canonical[:])))
	if secret == "" || field["Signature"] != want {
		return "", "", fmt.Errorf("signature of %s is wrong", scope[0])
	}
	return scope[0], scope[3], nil
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}
