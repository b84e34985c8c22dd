package signin

import (
	"context"
	"math"
	"net/url"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/account"
	"github.com/kortverk/kortverk/internal/eid"
	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/web"
	"github.com/kortverk/kortverk/internal/web/ui"
)

// settleFor is longer than the time between two questions to the eID.
const settleFor = 2500 * time.Millisecond

// choose is the sign-in page. Who is signed in already goes on at once, unless
// they have asked to become somebody else.
func (f *Flow) choose(v *web.Visit) error {
	next, now := web.LocalPath(v.Query("next")), ""
	if v.Session != nil {
		if v.Query("other") == "" {
			return v.Redirect(next)
		}
		now = v.Session.Name
	}
	v.Browser() // the cookie that binds the transaction is set before it is needed
	return v.Render(choosePage(next, now))
}

// start begins an identification for signing in.
func (f *Flow) start(v *web.Visit) error {
	next := web.LocalPath(v.Text("next"))
	return f.Begin(v, eid.Begin{Purpose: eid.Identify, Subject: account.SignInSubject + next})
}

// wait is the page of a transaction: the way into the app, the QR code, and the
// way on once the app has answered.
func (f *Flow) wait(v *web.Visit) error {
	t, fin, err := f.find(v)
	if err != nil {
		return err
	}
	switch {
	case t.State == eid.StateComplete:
		return f.finish(v, t, fin)
	case t.State == eid.StateUsed:
		return v.Redirect(fin.Next(t))
	case t.MayRetry():
		if t, err = f.EID.RetryQR(v.R.Context(), t.ID, v.Browser()); err != nil {
			return err
		}
	}
	return v.Render(waitPage(f.view(v, t, fin)))
}

// finish leads on. Of two tabs that see the answer at once, one uses the transaction; the other goes the same way.
func (f *Flow) finish(v *web.Visit, t eid.Transaction, fin Finisher) error {
	next, err := fin.Finish(v, t)
	if (fault.Has(err, "eid.already_used") || fault.Has(err, "account.signed_out")) && f.used(v) {
		return v.Redirect(fin.Next(t))
	}
	if _, ok := fault.As(err); ok {
		return v.RenderStatus(statusOf(err), refusedPage(t, err, fin.Back(t)))
	}
	if err != nil {
		return err
	}
	return v.Redirect(next)
}

// used reports whether the page's transaction has been used by now.
func (f *Flow) used(v *web.Visit) bool {
	t, _, err := f.find(v)
	return err == nil && t.State == eid.StateUsed
}

func statusOf(err error) int {
	if fault.KindOf(err) == fault.Forbidden {
		return 403
	}
	return 409
}

// state is the part of the page that the script fetches each second. When
// there is something new to say, it sends the browser to the page itself.
func (f *Flow) state(v *web.Visit) error {
	t, fin, err := f.find(v)
	if err != nil {
		return err
	}
	if t.Done() {
		v.W.Header().Set("Kv-Location", "/eid/"+t.ID.String())
	}
	return v.Render(liveCode(f.view(v, t, fin)))
}

// returned is where the app sends people back to. The address carries a nonce;
// together with the browser's cookie it finds the transaction.
func (f *Flow) returned(v *web.Visit) error {
	id, err := uuid.Parse(v.Query("transaction"))
	if err != nil {
		return v.NotFound()
	}
	t, err := f.EID.Returned(v.R.Context(), id, v.Browser(), v.Query("nonce"))
	if fault.KindOf(err) == fault.NotFound {
		// The app opened another browser than the one that began.
		return v.RenderStatus(409, otherBrowserPage())
	}
	if err != nil {
		return err
	}
	f.settle(v, t)
	return v.Redirect("/eid/" + t.ID.String())
}

// settle waits a moment for the answer of somebody who comes back from the app:
// it is asked for every two seconds, and a code to scan would make them think
// that nothing has happened.
func (f *Flow) settle(v *web.Visit, t eid.Transaction) {
	ctx, cancel := context.WithTimeout(v.R.Context(), settleFor)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for !t.Done() {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		var err error
		if t, err = f.EID.Find(ctx, t.ID, v.Browser()); err != nil {
			return // the page itself says what is wrong
		}
	}
}

func (f *Flow) cancel(v *web.Visit) error {
	t, fin, err := f.find(v)
	if err != nil {
		return err
	}
	if err := f.EID.Cancel(v.R.Context(), t.ID, v.Browser()); err != nil && fault.KindOf(err) != fault.Conflict {
		return err
	}
	v.Flash(ui.Off, "signin.cancelled")
	return v.Redirect(fin.Back(t))
}

// finishSignIn gives the browser its session. One that it had before ends: nobody could sign out of it any more.
func (f *Flow) finishSignIn(v *web.Visit, t eid.Transaction) (string, error) {
	token, _, next, err := f.Accounts.SignIn(v.R.Context(), t.ID, account.Started{
		Browser: v.Browser(), IP: v.IP, UserAgent: v.R.UserAgent(), Lang: v.Lang,
	})
	if err != nil {
		return "", err
	}
	if before := v.Token(); before != "" {
		if err := f.Accounts.SignOut(v.R.Context(), before); err != nil {
			v.Log().Warn("the session before a sign-in is not ended", "error", err)
		}
	}
	v.SetSession(token)
	return web.LocalPath(next), nil
}

func (f *Flow) finishFresh(v *web.Visit, t eid.Transaction) (string, error) {
	token, err := f.Accounts.Refresh(v.R.Context(), v.Token(), t.ID, v.Browser(), t.Subject)
	if err != nil {
		return "", err
	}
	v.SetSession(token)
	return rest(t), nil
}

func (f *Flow) signOut(v *web.Visit) error {
	if err := f.Accounts.SignOut(v.R.Context(), v.Token()); err != nil {
		return err
	}
	v.EndSession()
	v.Flash(ui.OK, "signin.signed_out")
	return v.Redirect("/")
}

func (f *Flow) signOutEverywhere(v *web.Visit) error {
	if err := f.Accounts.SignOutEverywhere(v.R.Context(), *v.Session); err != nil {
		return err
	}
	v.EndSession()
	v.Flash(ui.OK, "signin.signed_out_everywhere")
	return v.Redirect("/")
}

// invitation shows what a role invitation is about. It changes nothing.
func (f *Flow) invitation(v *web.Visit) error {
	in, err := f.Accounts.InvitationByToken(v.R.Context(), v.Path("token"))
	if fault.Has(err, "account.invitation_used") && v.Session != nil {
		return v.Redirect("/")
	}
	if f, ok := fault.As(err); ok {
		return v.RenderStatus(410, invitationGonePage(f))
	}
	if err != nil {
		return err
	}
	return v.Render(invitationPage(in, "/i/"+v.Path("token"), v.Session, nil))
}

func (f *Flow) accept(v *web.Visit) error {
	in, err := f.Accounts.Accept(v.R.Context(), *v.Session, v.Path("token"))
	if fault.Has(err, "account.invitation_not_yours") {
		shown, err2 := f.Accounts.InvitationByToken(v.R.Context(), v.Path("token"))
		if err2 != nil {
			return err2
		}
		why, _ := fault.As(err)
		return v.RenderStatus(403, invitationPage(shown, "/i/"+v.Path("token"), v.Session, why))
	}
	if err != nil {
		return err
	}
	v.Flash(ui.OK, "signin.accepted", "role", v.T.T("account.role."+string(in.Role)))
	if in.Company != uuid.Nil {
		return v.Redirect("/o/" + in.Company.String())
	}
	return v.Redirect("/office")
}

// waiting is what the page of a transaction shows.
type waiting struct {
	Transaction eid.Transaction
	Code        string // content of the QR code, "" when none is to be shown
	App         string // address that opens the app on this device, "" likewise
	Back        string
	Sign        bool
}

func (f *Flow) view(v *web.Visit, t eid.Transaction, fin Finisher) waiting {
	return waiting{
		Transaction: t, Code: t.QR(time.Now()), App: t.AppLink(v.Under(f.AppBase)),
		Back: fin.Back(t), Sign: t.Purpose == eid.Sign,
	}
}

func (w waiting) path() string { return "/eid/" + w.Transaction.ID.String() }

// refresh is how often a browser without script asks again: often while the
// code moves, seldom once the app has taken over.
func (w waiting) refresh() int {
	switch {
	case w.Transaction.Done():
		return 0
	case w.Code != "":
		return 3
	}
	return 2
}

func escape(path string) string { return url.QueryEscape(path) }

func seconds(d time.Duration) string { return strconv.Itoa(int(math.Ceil(d.Seconds()))) }

func minutes(d time.Duration) string { return strconv.Itoa(int(math.Ceil(d.Minutes()))) }
