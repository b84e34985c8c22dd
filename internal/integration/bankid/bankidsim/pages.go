package bankidsim

import "html/template"

// The pages of the phone. They work without scripts; refresh.js only spares the reload.
var pages = template.Must(template.New("").Parse(`
{{define "head"}}<!doctype html>
<html lang="{{.Lang}}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>{{.Title}} · {{.T "bankidsim.simulator"}}</title>
<link rel="stylesheet" href="{{.Path}}/assets/phone.css">
{{if .Poll}}<noscript><meta http-equiv="refresh" content="2"></noscript><script src="{{.Path}}/assets/refresh.js" defer></script>{{end}}
</head>
<body>
<div class="device">
<header>
<p class="sim">{{.T "bankidsim.not_real"}}</p>
{{if .Home}}<p class="home"><a href="{{.Home}}"><span aria-hidden="true">←</span> {{.T "sim.home"}}</a></p>{{end}}
<nav>{{if .Persona.ID}}<a class="me" href="{{.Path}}/phone/{{.Persona.ID}}">{{template "face" .Persona}}<span>{{.Persona.Name}}</span></a>
<a href="{{.Path}}/">{{.T "bankidsim.other_phone"}}</a>{{else}}<span class="me">{{.T "bankidsim.title"}}</span>{{end}}
<a href="{{.Path}}/lang/{{.Other.Lang}}" lang="{{.Other.Lang}}">{{.Other.Name}}</a></nav>
</header>
<main{{if .Poll}} data-poll="1500"{{end}}>{{end}}

{{define "foot"}}</main>
</div>
</body>
</html>{{end}}

{{define "face"}}{{if .PortraitURL}}<img class="face" src="{{.PortraitURL}}" alt="" width="48" height="66">{{else}}<span class="face" aria-hidden="true">{{.Initials}}</span>{{end}}{{end}}

{{define "what"}}{{if .Order.Sign}}{{.T "bankidsim.sign_at" "name" .Order.RP}}{{else}}{{.T "bankidsim.identify_at" "name" .Order.RP}}{{end}}{{end}}

{{define "pick"}}{{template "head" .}}
<h1>{{.T "bankidsim.pick_title"}}</h1>
<p>{{.T "bankidsim.pick_text"}}</p>
<ul class="people">{{range .Personas}}
<li><a href="{{$.Path}}/phone/{{.ID}}">{{template "face" .}}<span><strong>{{.Name}}</strong><small>{{$.Note .}}</small></span></a></li>{{end}}
</ul>
{{template "foot" .}}{{end}}

{{define "home"}}{{template "head" .}}
<h1>{{.T "bankidsim.home_title" "name" .Persona.GivenName}}</h1>
{{if .Orders}}<section><h2>{{.T "bankidsim.on_phone"}}</h2>
<ul class="orders">{{range .Orders}}
<li><a class="order go" href="{{$.Path}}/phone/{{$.Persona.ID}}/orders/{{.Ref}}"><strong>{{if .Sign}}{{$.T "bankidsim.sign_at" "name" .RP}}{{else}}{{$.T "bankidsim.identify_at" "name" .RP}}{{end}}</strong>
<span>{{$.T "bankidsim.continue"}}</span></a></li>{{end}}
</ul></section>{{end}}
<section><h2>{{.T "bankidsim.on_screens"}}</h2>
{{if .Screens}}<p>{{.T "bankidsim.on_screens_text"}}</p>
<ul class="orders">{{range .Screens}}
<li><form class="order" method="post" action="{{$.Path}}/phone/{{$.Persona.ID}}/scan"><input type="hidden" name="order" value="{{.Ref}}">
<strong>{{if .Sign}}{{$.T "bankidsim.sign_at" "name" .RP}}{{else}}{{$.T "bankidsim.identify_at" "name" .RP}}{{end}}</strong>
<small>{{$.T "bankidsim.started" "n" .Seconds}}{{if .For}} {{$.T "bankidsim.for" "name" .For}}{{end}}</small>
<button{{if not .Mine}} class="quiet"{{end}}>{{$.T "bankidsim.scan"}}</button></form></li>{{end}}
</ul>{{else}}<p class="empty">{{.T "bankidsim.nothing"}}</p>{{end}}</section>
<p><a href="{{.Path}}/phone/{{.Persona.ID}}/more">{{.T "bankidsim.more"}}</a></p>
{{template "foot" .}}{{end}}

{{define "more"}}{{template "head" .}}
<h1>{{.T "bankidsim.more_title"}}</h1>
<form class="panel" method="post" action="{{.Path}}/phone/{{.Persona.ID}}/scan">
<h2>{{.T "bankidsim.paste_title"}}</h2>
<label for="qr">{{.T "bankidsim.paste_label"}}</label>
<input id="qr" name="qr" required maxlength="300" autocomplete="off" spellcheck="false">
<button>{{.T "bankidsim.paste"}}</button>
</form>
<form class="panel" method="post" action="{{.Path}}/phone/{{.Persona.ID}}/knobs">
<h2>{{.T "bankidsim.knobs_title"}}</h2>
<label class="check"><input type="checkbox" name="outdated" value="1"{{if .Persona.Knobs.OutdatedApp}} checked{{end}}> {{.T "bankidsim.knob_outdated"}}</label>
<label class="check"><input type="checkbox" name="revoked" value="1"{{if .Persona.Knobs.Revoked}} checked{{end}}> {{.T "bankidsim.knob_revoked"}}</label>
<label class="check"><input type="checkbox" name="no_document" value="1"{{if .Persona.Knobs.NoDocument}} checked{{end}}> {{.T "bankidsim.knob_no_document"}}</label>
<label for="risk">{{.T "bankidsim.knob_risk"}}</label>
<select id="risk" name="risk">
<option value="low">{{.T "bankidsim.risk_low"}}</option>
<option value="moderate"{{if eq .Persona.Knobs.Risk "moderate"}} selected{{end}}>{{.T "bankidsim.risk_moderate"}}</option>
<option value="high"{{if eq .Persona.Knobs.Risk "high"}} selected{{end}}>{{.T "bankidsim.risk_high"}}</option>
</select>
<button>{{.T "bankidsim.save"}}</button>
</form>
{{template "foot" .}}{{end}}

{{define "open"}}{{template "head" .}}
<h1>{{template "what" .}}</h1>
<p>{{.T "bankidsim.open_text"}}</p>
{{if .Persona.ID}}<form method="post" action="{{.Path}}/open"><input type="hidden" name="autostarttoken" value="{{.Token}}"><input type="hidden" name="redirect" value="{{.Return}}">
<button class="wide" name="persona" value="{{.Persona.ID}}">{{.T "bankidsim.open_as" "name" .Persona.Name}}</button></form>{{end}}
{{if .Personas}}<form method="post" action="{{.Path}}/open"><input type="hidden" name="autostarttoken" value="{{.Token}}"><input type="hidden" name="redirect" value="{{.Return}}">
{{if .Persona.ID}}<h2>{{.T "bankidsim.open_others"}}</h2>{{end}}
<ul class="people">{{range .Personas}}
<li><button class="person" name="persona" value="{{.ID}}">{{template "face" .}}<span><strong>{{.Name}}</strong><small>{{$.Note .}}</small></span></button></li>{{end}}
</ul></form>{{end}}
{{template "foot" .}}{{end}}

{{define "order"}}{{template "head" .}}
{{$action := printf "%s/phone/%s/orders/%s" .Path .Persona.ID .Order.Ref}}
<h1>{{template "what" .}}</h1>
{{if eq .Order.Phase "userMrtd"}}
<p>{{.T "bankidsim.document_text"}}</p>
<form class="actions" method="post" action="{{$action}}"><button class="wide" name="do" value="document">{{.T "bankidsim.document"}}</button>
<button class="wide quiet" name="do" value="cancel">{{.T "bankidsim.cancel"}}</button></form>
{{else if eq .Order.Phase "userSign"}}
{{if .Order.Text}}<article class="text" aria-label="{{.T "bankidsim.text_label"}}">{{.Order.Text}}</article>{{end}}
{{if .Order.WrongLeft}}<p class="warn" role="alert">{{.T "bankidsim.wrong_left" "n" .Order.WrongLeft}}</p>{{end}}
<form class="actions" method="post" action="{{$action}}">
<button class="wide" name="do" value="right">{{if .Order.Sign}}{{.T "bankidsim.right_sign"}}{{else}}{{.T "bankidsim.right_identify"}}{{end}}</button>
<button class="wide quiet" name="do" value="wrong">{{.T "bankidsim.wrong"}}</button>
<button class="wide quiet" name="do" value="cancel">{{.T "bankidsim.cancel"}}</button></form>
{{else if eq .Order.Phase "processing"}}
<p role="status">{{.T "bankidsim.processing"}}</p>
{{else if eq .Order.Phase "complete"}}
<p class="done" role="status">{{if .Order.Sign}}{{.T "bankidsim.signed"}}{{else}}{{.T "bankidsim.identified"}}{{end}}</p>
{{if .Order.Back}}<p><a class="button wide" href="{{.Order.Back}}">{{.T "bankidsim.back_to" "name" .Order.RP}}</a></p>
{{else}}<p>{{.T "bankidsim.look_at_screen"}}</p><p><a href="{{.Path}}/phone/{{.Persona.ID}}">{{.T "bankidsim.home"}}</a></p>{{end}}
{{else}}
<p class="warn" role="status">{{if .Order.Ended}}{{.T .Order.Ended}}{{else}}{{.T "bankidsim.too_late"}}{{end}}</p>
{{if .Order.Back}}<p><a class="button wide" href="{{.Order.Back}}">{{.T "bankidsim.back_to" "name" .Order.RP}}</a></p>{{end}}
<p><a href="{{.Path}}/phone/{{.Persona.ID}}">{{.T "bankidsim.home"}}</a></p>
{{end}}
{{template "foot" .}}{{end}}

{{define "message"}}{{template "head" .}}
<h1>{{.T "bankidsim.title"}}</h1>
<p class="warn" role="alert">{{.Message}}</p>
{{if .Leave}}<p><a class="button wide" href="{{.Leave}}">{{.T "bankidsim.back_to_page"}}</a></p>{{end}}
<p><a href="{{.Path}}/">{{.T "bankidsim.pick_again"}}</a></p>
{{template "foot" .}}{{end}}
`))
