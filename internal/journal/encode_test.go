package journal

import "testing"

// The encoding is a promise to whoever checks the log later: this test must never need a change.
func TestCanonicalEncoding(t *testing.T) {
	got, err := stored{
		ID: 7, At: 1795000000123456, Kind: "order.submitted", ActorRole: "orderer", ActorName: "Åsa <&>", Reason: "a\"b\n",
		Data: `{"a":"1"}`, IP: "192.0.2.1",
	}.encode()
	if err != nil {
		t.Fatal(err)
	}
	want := "kortverk-journal-1\n" +
		`{"id":7,"at":1795000000123456,"kind":"order.submitted","actor_role":"orderer","actor_account":"","actor_person":"",` +
		`"actor_company":"","actor_name":"Åsa <&>","actor_session":"","company_id":"","person_id":"","order_id":"","line_id":"",` +
		`"card_id":"","batch_id":"","reason":"a\"b\n","data":"{\"a\":\"1\"}","ip":"192.0.2.1"}` + "\n"
	if string(got) != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
