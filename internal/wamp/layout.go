package wamp

// The elements of each message after its code, for all serializations and for both directions
// (WAMP, "Messages"). Elements in [] may be absent.

func (m *Hello) layout(c *coder) {
	c.uri("Realm", &m.Realm)
	c.dict("Details", &m.Details, helloDetails)
	c.checkRoles(m.Details)
}

func (m *Welcome) layout(c *coder) {
	c.id("Session", &m.Session)
	c.dict("Details", &m.Details, welcomeDetails)
	c.checkRoles(m.Details)
}

func (m *Abort) layout(c *coder) {
	c.dict("Details", &m.Details, closeDetails)
	c.uri("Reason", &m.Reason)
	c.payload(&m.Payload, nil) // [Args, [Kwargs]]
}

func (m *Challenge) layout(c *coder) {
	c.text("AuthMethod", &m.Method)
	c.dict("Extra", &m.Extra, noOptions)
}

func (m *Authenticate) layout(c *coder) {
	c.text("Signature", &m.Signature)
	c.dict("Extra", &m.Extra, authenticateExtra)
}

func (m *Goodbye) layout(c *coder) {
	c.dict("Details", &m.Details, closeDetails)
	c.uri("Reason", &m.Reason)
}

func (m *Error) layout(c *coder) {
	c.requestType("REQUEST.Type", &m.RequestType)
	c.id("REQUEST.Request", &m.Request)
	c.dict("Details", &m.Details, errorDetails)
	c.errorURI("Error", &m.Error)
	c.payload(&m.Payload, m.Details) // [Args, [Kwargs]]
}

func (m *Publish) layout(c *coder) {
	c.id("Request", &m.Request)
	c.dict("Options", &m.Options, publishOptions)
	c.requestURI("Topic", &m.Topic)
	c.payload(&m.Payload, m.Options) // [Args, [Kwargs]]
}

func (m *Published) layout(c *coder) {
	c.id("PUBLISH.Request", &m.Request)
	c.id("Publication", &m.Publication)
}

func (m *Subscribe) layout(c *coder) {
	c.id("Request", &m.Request)
	c.dict("Options", &m.Options, subscribeOptions)
	c.requestURI("Topic", &m.Topic)
}

func (m *Subscribed) layout(c *coder) {
	c.id("SUBSCRIBE.Request", &m.Request)
	c.id("Subscription", &m.Subscription)
	c.optionalDict("Details", &m.Details, subscribedDetails)
}

func (m *Unsubscribe) layout(c *coder) {
	c.id("Request", &m.Request)
	c.id("SUBSCRIBED.Subscription", &m.Subscription)
}

func (m *Unsubscribed) layout(c *coder) {
	c.idOrZero("UNSUBSCRIBE.Request", &m.Request)
	c.optionalDict("Details", &m.Details, unsubscribedDetails)
}

func (m *Event) layout(c *coder) {
	c.id("SUBSCRIBED.Subscription", &m.Subscription)
	c.id("PUBLISHED.Publication", &m.Publication)
	c.dict("Details", &m.Details, eventDetails)
	c.payload(&m.Payload, m.Details) // [Args, [Kwargs]]
}

func (m *EventReceived) layout(c *coder) {
	c.id("EVENT.Publication", &m.Publication)
}

func (m *Call) layout(c *coder) {
	c.id("Request", &m.Request)
	c.dict("Options", &m.Options, callOptions)
	c.requestURI("Procedure", &m.Procedure)
	c.payload(&m.Payload, m.Options) // [Args, [Kwargs]]
}

func (m *Cancel) layout(c *coder) {
	c.id("CALL.Request", &m.Request)
	c.dict("Options", &m.Options, cancelOptions)
}

func (m *Result) layout(c *coder) {
	c.id("CALL.Request", &m.Request)
	c.dict("Details", &m.Details, resultDetails)
	c.payload(&m.Payload, m.Details) // [Args, [Kwargs]]
}

func (m *Register) layout(c *coder) {
	c.id("Request", &m.Request)
	c.dict("Options", &m.Options, registerOptions)
	c.requestURI("Procedure", &m.Procedure)
}

func (m *Registered) layout(c *coder) {
	c.id("REGISTER.Request", &m.Request)
	c.id("Registration", &m.Registration)
}

func (m *Unregister) layout(c *coder) {
	c.id("Request", &m.Request)
	c.id("REGISTERED.Registration", &m.Registration)
}

func (m *Unregistered) layout(c *coder) {
	c.idOrZero("UNREGISTER.Request", &m.Request)
	c.optionalDict("Details", &m.Details, unregisteredDetails)
}

func (m *Invocation) layout(c *coder) {
	c.id("Request", &m.Request)
	c.id("REGISTERED.Registration", &m.Registration)
	c.dict("Details", &m.Details, invocationDetails)
	c.payload(&m.Payload, m.Details) // [Args, [Kwargs]]
}

func (m *Interrupt) layout(c *coder) {
	c.id("INVOCATION.Request", &m.Request)
	c.dict("Options", &m.Options, interruptOptions)
}

func (m *Yield) layout(c *coder) {
	c.id("INVOCATION.Request", &m.Request)
	c.dict("Options", &m.Options, yieldOptions)
	c.payload(&m.Payload, m.Options) // [Args, [Kwargs]]
}
