package kms_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/service/kms"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// cluster is the input that makes a CloudHSM key store.
func cluster(name, clusterID string) *kms.CreateCustomKeyStoreInput {
	return &kms.CreateCustomKeyStoreInput{
		CustomKeyStoreName: &name, TrustAnchorCertificate: ptr("-----BEGIN CERTIFICATE-----"),
		CustomKeyStoreSettings: kms.CustomKeyStoreSettings{
			CloudHsmClusterID: &clusterID, KeyStorePassword: ptr("kmsPswd"),
		},
	}
}

// proxy is the input that makes an external key store.
func proxy(name, host string) *kms.CreateCustomKeyStoreInput {
	return &kms.CreateCustomKeyStoreInput{
		CustomKeyStoreName: &name, CustomKeyStoreType: "EXTERNAL_KEY_STORE",
		CustomKeyStoreSettings: kms.CustomKeyStoreSettings{
			XksProxyConnectivity: "PUBLIC_ENDPOINT", XksProxyURIEndpoint: ptr("https://" + host),
			XksProxyURIPath: ptr("/example/kms/xks/v1"),
			XksProxyAuthenticationCredential: &kms.XksCredential{
				AccessKeyID: "ABCDE23456723EXAMPLE", RawSecretAccessKey: strings.Repeat("x", 43),
			},
		},
	}
}

func (w world) makeStore(t *testing.T, in *kms.CreateCustomKeyStoreInput) string {
	t.Helper()
	out, err := w.CreateCustomKeyStore(t.Context(), as(ownerAccount), in)
	if err != nil {
		t.Fatal(err)
	}
	return out.CustomKeyStoreID
}

func (w world) store(t *testing.T, id string) kms.CustomKeyStoresListEntry {
	t.Helper()
	out, err := w.DescribeCustomKeyStores(t.Context(), as(ownerAccount), &kms.DescribeCustomKeyStoresInput{
		CustomKeyStoreID: &id,
	})
	if err != nil {
		t.Fatal(err)
	}
	return out.CustomKeyStores[0]
}

func (w world) wantConnection(t *testing.T, id, want string) {
	t.Helper()
	if got := w.store(t, id).ConnectionState; got != want {
		t.Fatalf("got ConnectionState %s, want %s", got, want)
	}
}

func (w world) connect(id string, t *testing.T) error {
	t.Helper()
	_, err := w.ConnectCustomKeyStore(t.Context(), as(ownerAccount), &kms.CustomKeyStoreInput{CustomKeyStoreID: &id})
	return err
}

func (w world) disconnect(id string, t *testing.T) error {
	t.Helper()
	_, err := w.DisconnectCustomKeyStore(t.Context(), as(ownerAccount), &kms.CustomKeyStoreInput{CustomKeyStoreID: &id})
	return err
}

func (w world) deleteStore(id string, t *testing.T) error {
	t.Helper()
	_, err := w.DeleteCustomKeyStore(t.Context(), as(ownerAccount), &kms.CustomKeyStoreInput{CustomKeyStoreID: &id})
	return err
}

func (w world) keyInStore(t *testing.T, store, origin string, xks *string) (*kms.KeyMetadata, error) {
	t.Helper()
	out, err := w.CreateKey(t.Context(), as(ownerAccount), &kms.CreateKeyInput{
		CustomKeyStoreID: &store, Origin: origin, XksKeyID: xks,
	})
	if err != nil {
		return nil, err
	}
	return out.KeyMetadata, nil
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// A CloudHSM key store from its creation to its deletion, with a key in it.
func TestCustomKeyStoreLife(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.makeStore(t, cluster("orders", "cluster-1a23b4cdefg"))
	if !strings.HasPrefix(id, "cks-") || len(id) != len("cks-")+17 {
		t.Errorf("got id %s, want cks- and 17 hex digits", id)
	}
	want := kms.CustomKeyStoresListEntry{
		CustomKeyStoreID: id, CustomKeyStoreName: "orders", CustomKeyStoreType: "AWS_CLOUDHSM",
		CloudHsmClusterID: "cluster-1a23b4cdefg", TrustAnchorCertificate: "-----BEGIN CERTIFICATE-----",
		ConnectionState: "DISCONNECTED", CreationDate: wire.At(start),
	}
	if diff := cmp.Diff(want, w.store(t, id)); diff != "" {
		t.Errorf("DescribeCustomKeyStores (-want +got):\n%s", diff)
	}
	_, err := w.keyInStore(t, id, "AWS_CLOUDHSM", nil)
	wantFault(t, err, "CustomKeyStoreInvalidStateException",
		"Custom key store "+id+" is DISCONNECTED; this operation needs it to be CONNECTED.")

	ok(t, w.connect(id, t))
	w.wantConnection(t, id, "CONNECTING")
	ok(t, w.connect(id, t)) // changes nothing, and not the time either
	w.clock.Advance(time.Second)
	w.wantConnection(t, id, "CONNECTED")
	k, err := w.keyInStore(t, id, "AWS_CLOUDHSM", nil)
	ok(t, err)
	if k.CustomKeyStoreID != id || k.CloudHsmClusterID != "cluster-1a23b4cdefg" {
		t.Errorf("got key in store %s of cluster %s, want %s", k.CustomKeyStoreID, k.CloudHsmClusterID, id)
	}
	w.clock.Advance(time.Second)
	blob := w.encrypt(t, k.KeyID, []byte("secret"), nil)

	ok(t, w.disconnect(id, t))
	w.wantConnection(t, id, "DISCONNECTING")
	_, err = w.decrypt(t, blob, nil)
	wantFault(t, err, "KMSInvalidStateException", k.ARN+" is unavailable.")
	if got := w.keyState(t, k.KeyID); got != "Unavailable" {
		t.Errorf("got state %s, want Unavailable", got)
	}
	if got := faultCode(w.connect(id, t)); got != "CustomKeyStoreInvalidStateException" {
		t.Errorf("got %s, want CustomKeyStoreInvalidStateException while DISCONNECTING", got)
	}
	w.clock.Advance(time.Second)
	w.wantConnection(t, id, "DISCONNECTED")
	if got := faultCode(w.disconnect(id, t)); got != "CustomKeyStoreInvalidStateException" {
		t.Errorf("got %s, want CustomKeyStoreInvalidStateException", got)
	}
	wantFault(t, w.deleteStore(id, t), "CustomKeyStoreHasCMKsException",
		"Custom key store "+id+" contains "+k.ARN+".")

	ok(t, w.connect(id, t))
	w.clock.Advance(time.Second)
	if out, err := w.decrypt(t, blob, nil); err != nil || string(out.Plaintext) != "secret" {
		t.Fatalf("got %v, %v, want the secret back after the reconnect", out, err)
	}
	_, err = w.ScheduleKeyDeletion(t.Context(), as(ownerAccount), &kms.ScheduleKeyDeletionInput{
		KeyID: &k.KeyID, PendingWindowInDays: ptr(7),
	})
	ok(t, err)
	if got := faultCode(w.deleteStore(id, t)); got != "CustomKeyStoreInvalidStateException" {
		t.Errorf("got %s, want CustomKeyStoreInvalidStateException while CONNECTED", got)
	}
	ok(t, w.disconnect(id, t))
	w.clock.Advance(7 * 24 * time.Hour)
	ok(t, w.deleteStore(id, t))
	wantFault(t, w.connect(id, t), "CustomKeyStoreNotFoundException", "Custom key store "+id+" does not exist.")
}

// The admin endpoint stands for a cluster that dies.
func TestSetConnectionState(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.makeStore(t, cluster("orders", "cluster-1a23b4cdefg"))
	ok(t, w.SetConnectionState(t.Context(), ownerAccount, "eu-west-2", id, "CONNECTED", ""))
	k, err := w.keyInStore(t, id, "AWS_CLOUDHSM", nil)
	ok(t, err)
	w.clock.Advance(time.Second)
	ok(t, w.SetConnectionState(t.Context(), ownerAccount, "eu-west-2", id, "FAILED", "CLUSTER_NOT_FOUND"))
	if got := w.store(t, id); got.ConnectionState != "FAILED" || got.ConnectionErrorCode != "CLUSTER_NOT_FOUND" {
		t.Errorf("got %s %s, want FAILED CLUSTER_NOT_FOUND", got.ConnectionState, got.ConnectionErrorCode)
	}
	_, err = w.Encrypt(t.Context(), as(ownerAccount), &kms.EncryptInput{KeyID: &k.KeyID, Plaintext: []byte("x")})
	wantFault(t, err, "KMSInvalidStateException", k.ARN+" is unavailable.")
	if got := faultCode(w.connect(id, t)); got != "CustomKeyStoreInvalidStateException" {
		t.Errorf("got %s, want a FAILED store to be disconnected first", got)
	}
	ok(t, w.disconnect(id, t))
	w.clock.Advance(time.Second)
	ok(t, w.connect(id, t))
	w.clock.Advance(time.Second)
	if got := w.store(t, id); got.ConnectionState != "CONNECTED" || got.ConnectionErrorCode != "" {
		t.Errorf("got %s %q, want CONNECTED without an error", got.ConnectionState, got.ConnectionErrorCode)
	}

	for _, bad := range [][2]string{{"FAILED", ""}, {"CONNECTED", "CLUSTER_NOT_FOUND"}, {"", ""}, {"FAILED", "NO"}} {
		err := w.SetConnectionState(t.Context(), ownerAccount, "eu-west-2", id, bad[0], bad[1])
		if faultCode(err) != "ValidationException" {
			t.Errorf("%v: got %v, want ValidationException", bad, err)
		}
	}
	err = w.SetConnectionState(t.Context(), ownerAccount, "us-east-1", id, "CONNECTED", "")
	wantFault(t, err, "CustomKeyStoreNotFoundException", "Custom key store "+id+" does not exist.")
}

// Tick says when the next connection arrives and writes it down.
func TestTickStores(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.makeStore(t, cluster("orders", "cluster-1a23b4cdefg"))
	wantNext := func(want time.Time) {
		t.Helper()
		if next, err := w.Tick(t.Context()); err != nil || !next.Equal(want) {
			t.Fatalf("got next %s, %v, want %s", next, err, want)
		}
	}
	wantNext(time.Time{})
	ok(t, w.connect(id, t))
	wantNext(start.Add(time.Second))
	w.clock.Advance(time.Second)
	wantNext(time.Time{})
	w.wantConnection(t, id, "CONNECTED")
	// Written down: a clock that is set back does not undo it.
	w.clock.Set(start)
	w.wantConnection(t, id, "CONNECTED")
}

func TestExternalKeyStore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	in := proxy("xks", "xks.example.com")
	id := w.makeStore(t, in)
	want := kms.CustomKeyStoresListEntry{
		CustomKeyStoreID: id, CustomKeyStoreName: "xks", CustomKeyStoreType: "EXTERNAL_KEY_STORE",
		ConnectionState: "DISCONNECTED", CreationDate: wire.At(start),
		XksProxyConfiguration: &kms.XksProxyConfiguration{
			AccessKeyID: in.XksProxyAuthenticationCredential.AccessKeyID, Connectivity: "PUBLIC_ENDPOINT",
			URIEndpoint: "https://xks.example.com", URIPath: "/example/kms/xks/v1",
		},
	}
	if diff := cmp.Diff(want, w.store(t, id)); diff != "" {
		t.Errorf("DescribeCustomKeyStores (-want +got):\n%s", diff)
	}
	ok(t, w.SetConnectionState(t.Context(), ownerAccount, "eu-west-2", id, "CONNECTED", ""))
	k, err := w.keyInStore(t, id, "EXTERNAL_KEY_STORE", ptr("bb8562717f809024"))
	ok(t, err)
	w.encrypt(t, k.KeyID, []byte("x"), nil)
	_, err = w.keyInStore(t, id, "EXTERNAL_KEY_STORE", ptr("bb8562717f809024"))
	wantFault(t, err, "XksKeyAlreadyInUseException",
		"The external key bb8562717f809024 is already associated with "+k.ARN+".")
	_, err = w.keyInStore(t, id, "AWS_CLOUDHSM", nil)
	wantFault(t, err, "ValidationException",
		"Origin AWS_CLOUDHSM does not go with custom key store "+id+" of type EXTERNAL_KEY_STORE.")
	_, err = w.GenerateRandom(t.Context(), as(ownerAccount), &kms.GenerateRandomInput{
		NumberOfBytes: ptr(8), CustomKeyStoreID: &id,
	})
	wantFault(t, err, "UnsupportedOperationException",
		"Custom key store "+id+" of type EXTERNAL_KEY_STORE generates no random bytes.")
	_, err = w.GenerateDataKeyPair(t.Context(), as(ownerAccount), &kms.GenerateDataKeyPairInput{
		KeyID: &k.KeyID, KeyPairSpec: "ECC_NIST_P256",
	})
	wantFault(t, err, "UnsupportedOperationException",
		k.ARN+" origin is EXTERNAL_KEY_STORE which is not valid for this operation.")
}

func TestUpdateCustomKeyStore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.makeStore(t, proxy("xks", "xks.example.com"))
	ok(t, w.SetConnectionState(t.Context(), ownerAccount, "eu-west-2", id, "CONNECTED", ""))
	update := func(change func(*kms.UpdateCustomKeyStoreInput)) error {
		in := &kms.UpdateCustomKeyStoreInput{CustomKeyStoreID: &id}
		change(in)
		_, err := w.UpdateCustomKeyStore(t.Context(), as(ownerAccount), in)
		return err
	}
	ok(t, update(func(in *kms.UpdateCustomKeyStoreInput) {
		in.NewCustomKeyStoreName, in.XksProxyURIPath = ptr("renamed"), ptr("/kms/xks/v1")
	}))
	move := func(in *kms.UpdateCustomKeyStoreInput) { in.XksProxyURIEndpoint = ptr("https://other.example.com") }
	wantFault(t, update(move), "CustomKeyStoreInvalidStateException",
		"Custom key store "+id+" is CONNECTED; this operation needs it to be DISCONNECTED.")
	ok(t, w.SetConnectionState(t.Context(), ownerAccount, "eu-west-2", id, "DISCONNECTED", ""))
	ok(t, update(move))
	wantFault(t, update(func(in *kms.UpdateCustomKeyStoreInput) { in.KeyStorePassword = ptr("kmsPswd") }),
		"ValidationException", "A member of the request is not valid for CustomKeyStoreType EXTERNAL_KEY_STORE.")

	ok(t, update(func(in *kms.UpdateCustomKeyStoreInput) {
		in.XksProxyConnectivity = "VPC_ENDPOINT_SERVICE"
		in.XksProxyVpcEndpointServiceName = ptr("com.amazonaws.vpce.eu-west-2.vpce-svc-example1")
	}))
	got := w.store(t, id)
	want := &kms.XksProxyConfiguration{
		AccessKeyID: got.XksProxyConfiguration.AccessKeyID, Connectivity: "VPC_ENDPOINT_SERVICE",
		URIEndpoint: "https://other.example.com", URIPath: "/kms/xks/v1",
		VpcEndpointServiceName:  "com.amazonaws.vpce.eu-west-2.vpce-svc-example1",
		VpcEndpointServiceOwner: ownerAccount,
	}
	if diff := cmp.Diff(want, got.XksProxyConfiguration); diff != "" || got.CustomKeyStoreName != "renamed" {
		t.Errorf("store %s (-want +got):\n%s", got.CustomKeyStoreName, diff)
	}
	ok(t, update(func(in *kms.UpdateCustomKeyStoreInput) {
		in.XksProxyConnectivity, in.XksProxyVpcEndpointServiceName = "PUBLIC_ENDPOINT", ptr("")
	}))
	if c := w.store(t, id).XksProxyConfiguration; c.VpcEndpointServiceName != "" || c.VpcEndpointServiceOwner != "" {
		t.Errorf("got service %q of %q, want none", c.VpcEndpointServiceName, c.VpcEndpointServiceOwner)
	}
}

// What two stores of an account and Region cannot share. Another account can.
func TestCustomKeyStoreUniqueness(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.makeStore(t, cluster("hsm", "cluster-1a23b4cdefg"))
	w.makeStore(t, proxy("xks", "xks.example.com"))
	vpc := func(name, host string) *kms.CreateCustomKeyStoreInput {
		in := proxy(name, host)
		in.XksProxyConnectivity = "VPC_ENDPOINT_SERVICE"
		in.XksProxyVpcEndpointServiceName = ptr("com.amazonaws.vpce.eu-west-2.vpce-svc-example1")
		return in
	}
	w.makeStore(t, vpc("vpc", "private.example.com"))
	for want, in := range map[string]*kms.CreateCustomKeyStoreInput{
		"CustomKeyStoreNameInUseException":         cluster("xks", "cluster-2a23b4cdefg"),
		"CloudHsmClusterInUseException":            cluster("hsm2", "cluster-1a23b4cdefg"),
		"XksProxyUriInUseException":                proxy("xks2", "xks.example.com"),
		"XksProxyUriEndpointInUseException":        otherService(vpc("vpc2", "xks.example.com")),
		"XksProxyVpcEndpointServiceInUseException": vpc("vpc3", "private2.example.com"),
	} {
		if _, err := w.CreateCustomKeyStore(t.Context(), as(ownerAccount), in); faultCode(err) != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	_, err := w.CreateCustomKeyStore(t.Context(), as(foreignAccount), cluster("hsm", "cluster-1a23b4cdefg"))
	ok(t, err)
}

func otherService(in *kms.CreateCustomKeyStoreInput) *kms.CreateCustomKeyStoreInput {
	in.XksProxyURIPath = ptr("/kms/xks/v1")
	in.XksProxyVpcEndpointServiceName = ptr("com.amazonaws.vpce.eu-west-2.vpce-svc-example2")
	return in
}

func TestCustomKeyStoreQuotaAndPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var want []string
	for i := range 10 {
		letter := string(rune('a' + i))
		want = append(want, w.makeStore(t, cluster("store "+letter, "cluster-"+strings.Repeat(letter, 11))))
		w.clock.Advance(time.Second)
	}
	in11 := cluster("one more", "cluster-"+strings.Repeat("z", 11))
	_, err := w.CreateCustomKeyStore(t.Context(), as(ownerAccount), in11)
	wantFault(t, err, "LimitExceededException", "Custom key store quota for this account in this region is 10")
	var got []string
	in := &kms.DescribeCustomKeyStoresInput{Limit: ptr(3)}
	for {
		page, err := w.DescribeCustomKeyStores(t.Context(), as(ownerAccount), in)
		ok(t, err)
		for _, s := range page.CustomKeyStores {
			got = append(got, s.CustomKeyStoreID)
		}
		if page.Truncated != (page.NextMarker != nil) {
			t.Fatal("Truncated and NextMarker disagree")
		}
		if in.Marker = page.NextMarker; in.Marker == nil {
			break
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("stores (-want +got):\n%s", diff)
	}
	foreign, err := w.DescribeCustomKeyStores(t.Context(), as(foreignAccount), &kms.DescribeCustomKeyStoresInput{})
	if err != nil || len(foreign.CustomKeyStores) != 0 {
		t.Errorf("another account sees %v, %v, want nothing", foreign, err)
	}
	_, err = w.DescribeCustomKeyStores(t.Context(), as(ownerAccount), &kms.DescribeCustomKeyStoresInput{
		CustomKeyStoreName: ptr("nobody"),
	})
	wantFault(t, err, "CustomKeyStoreNotFoundException", "Custom key store nobody does not exist.")
}

func TestCustomKeyStoreValidation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	both := cluster("both", "cluster-1a23b4cdefg")
	both.XksProxyURIPath = ptr("/kms/xks/v1")
	noPassword := cluster("hsm", "cluster-1a23b4cdefg")
	noPassword.KeyStorePassword = nil
	noService := proxy("vpc", "xks.example.com")
	noService.XksProxyConnectivity = "VPC_ENDPOINT_SERVICE"
	short := cluster("hsm", "cluster-1a23b4cdefg")
	short.KeyStorePassword = ptr("secret")
	for want, in := range map[string]*kms.CreateCustomKeyStoreInput{
		"A member of the request is not valid for CustomKeyStoreType AWS_CLOUDHSM.":            both,
		"A member that CustomKeyStoreType AWS_CLOUDHSM requires is missing.":                   noPassword,
		"XksProxyVpcEndpointServiceName belongs to XksProxyConnectivity VPC_ENDPOINT_SERVICE.": noService,
		"1 validation error detected: Value at 'keyStorePassword' failed to satisfy constraint: " +
			"Member must have length greater than or equal to 7": short,
		"1 validation error detected: Value 'http://xks.example.com' at 'xksProxyUriEndpoint' failed to satisfy " +
			"constraint: Member must satisfy regular expression pattern: ^https://[a-zA-Z0-9.-]+$": withEndpoint(
			proxy("xks", "xks.example.com"), "http://xks.example.com"),
	} {
		_, err := w.CreateCustomKeyStore(t.Context(), as(ownerAccount), in)
		wantFault(t, err, "ValidationException", want)
	}
}

func withEndpoint(in *kms.CreateCustomKeyStoreInput, endpoint string) *kms.CreateCustomKeyStoreInput {
	in.XksProxyURIEndpoint = &endpoint
	return in
}
