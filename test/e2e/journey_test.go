package e2e

import (
	"net/url"
	"testing"

	"github.com/kortverk/kortverk/test/harness"
)

// The spine: order, review, signature, bureau, activation, check, block, over
// HTTP against the real binary.
//
// Rows: 16, 17, 22, 23, 33, 35, 36, 37, 38, 50, 51, 52, 54, 55, 57, 58, 61, 62, 63, 71, 133, 134, 135, 136
func TestJourneyOverHTTP(t *testing.T) {
	harness.Engines(t, func(t *testing.T, s *harness.Sandbox) {
		alva, tove, jonas := s.SignIn("alva"), s.SignIn("tove"), s.SignIn("jonas")
		_, line := alva.Order("jonas")
		tove.Review(line)
		jonas.Approve()
		number := s.Number("Petraitis")

		if v := s.Check(number); v.Valid || v.Reason != "not_activated" {
			t.Errorf("before activation: %+v", v)
		}
		pin := jonas.Activate(number)
		if v := s.Check(number); !v.Valid || v.Reason != "ok" {
			t.Errorf("after activation: %+v", v)
		}
		jonas.ShowPIN(number, pin)
		page := alva.S.Company("furuborg") + "/cards/" + number
		for _, step := range []struct {
			act, reason string
			form        url.Values
		}{
			{"block", "blocked", url.Values{"reason": {"lost"}}},
			{"unblock", "ok", url.Values{"note": {"found again"}}},
			{"terminate", "terminated", url.Values{"reason": {"employment_ended"}}},
		} {
			step.form.Set("revision", alva.Revision(alva.Get(page+"/"+step.act)))
			alva.Post(page+"/"+step.act, step.form)
			if v := s.Check(number); v.Reason != step.reason {
				t.Errorf("after %s the reader hears %+v", step.act, v)
			}
		}
		if got := jonas.Try("GET", page, nil); got.Status != 404 {
			t.Errorf("the cardholder opened the company's page: %d", got.Status)
		}
	})
}
