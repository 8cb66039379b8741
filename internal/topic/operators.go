package topic

import (
	"fmt"
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"

	"github.com/tidings-io/tidings/internal/schema"
	"github.com/tidings-io/tidings/internal/text"
)

// class is the type of an operand, as far as its form tells.
type class string

const (
	unknown   class = "something" // claims, for example
	isText    class = "a text"
	isNumber  class = "a number"
	isList    class = "a list"
	condition class = "a condition"
)

// classOf returns the class of an expression.
func classOf(node ast.Node) class {
	switch n := node.(type) {
	case *ast.StringNode:
		return isText
	case *ast.IntegerNode, *ast.FloatNode:
		return isNumber
	case *ast.ArrayNode:
		return isList
	case *ast.BoolNode:
		return condition
	case *ast.IdentifierNode:
		return map[string]class{"topic": isText, "procedure": isText, "backend": condition, "anonymous": condition}[n.Value]
	case *ast.BuiltinNode:
		switch n.Name {
		case "len", "int":
			return isNumber
		}
		return isText
	case *ast.MemberNode:
		return classOfMember(n)
	case *ast.BinaryNode:
		return condition
	}
	return unknown
}

func classOfMember(n *ast.MemberNode) class {
	base, ok := n.Node.(*ast.IdentifierNode)
	property, named := n.Property.(*ast.StringNode)
	switch {
	case ok && base.Value == "params":
		return isText
	case !ok || base.Value != "identity" || !named:
		return unknown
	case property.Value == "roles":
		return isList
	case slices.Contains([]string{"id", "name", "role", "tenant"}, property.Value):
		return isText
	}
	return unknown
}

// operator checks an operator and its operands. The compiler would name the types of Go.
func (c *checker) operator(n *ast.BinaryNode) {
	left, right := classOf(n.Left), classOf(n.Right)
	switch n.Operator {
	case "..":
		c.fail(n, "compare with >= and <=", "a rule has no ranges")
	case "==", "!=", "<", "<=", ">", ">=":
		c.unquoted(n)
		c.comparison(n, left, right)
	case "in", "not in":
		c.unquoted(n)
		c.membership(n, left, right)
	case "contains", "startsWith", "endsWith", "matches":
		if left == isList {
			c.fail(n, "write "+c.written(n, isIn(n.Right, n.Left)), "%s is a list, and %s is for texts", n.Left, n.Operator)
			return
		}
		c.expression(n)
	case "and", "or", "&&", "||":
		c.junction(n)
	}
}

// comparison checks the operands of == and the like.
func (c *checker) comparison(n *ast.BinaryNode, left, right class) {
	one, other := n.Left, n.Right
	if left == isNumber || left == isText && right == isList {
		one, other, left, right = other, one, right, left // the number, or the list of roles, comes second or first
	}
	equal := n.Operator == "==" || n.Operator == "!="
	switch {
	case left == isText && right == isNumber:
		c.mismatch(n, one, other, numberFix(n, one, other, equal))
	case left == isList && right == isText && equal && isLiteral(one):
		c.mismatch(n, one, other, "write "+negated(n, fmt.Sprintf("%s in %s", other, one)))
	case left == isList && right == isText:
		c.mismatch(n, one, other, "write "+c.written(n, negated(n, isIn(other, one))))
	}
}

// numberFix returns the fix for a text that is compared with a number.
func numberFix(n *ast.BinaryNode, given, number ast.Node, equal bool) string {
	literal, isInteger := number.(*ast.IntegerNode)
	if equal && isInteger && !isParameter(given) {
		return fmt.Sprintf("put the number in quotes: %s %s \"%d\"", given, n.Operator, literal.Value)
	}
	if n.Left == given {
		return fmt.Sprintf("write int(%s) %s %s", given, n.Operator, number)
	}
	return fmt.Sprintf("write %s %s int(%s)", number, n.Operator, given)
}

func isParameter(node ast.Node) bool {
	member, ok := node.(*ast.MemberNode)
	if !ok {
		return false
	}
	base, ok := member.Node.(*ast.IdentifierNode)
	return ok && base.Value == "params"
}

func isLiteral(node ast.Node) bool {
	_, ok := node.(*ast.ArrayNode)
	return ok
}

// negated negates a condition if the operator is !=.
func negated(n *ast.BinaryNode, condition string) string {
	if n.Operator == "!=" {
		return "not (" + condition + ")"
	}
	return condition
}

// isIn returns the condition that a list has a text. A text without quotes gets them.
func isIn(element, list ast.Node) string {
	if word, ok := element.(*ast.IdentifierNode); ok {
		return fmt.Sprintf("%q in %s", word.Value, list)
	}
	return fmt.Sprintf("%s in %s", element, list)
}

func (c *checker) mismatch(n *ast.BinaryNode, one, other ast.Node, fix string) {
	c.fail(n, fix, "%s is %s, and %s is %s", one, classOf(one), other, classOf(other))
}

// membership checks the operands of in.
func (c *checker) membership(n *ast.BinaryNode, left, right class) {
	switch {
	case left == isList && right == isText:
		c.fail(n, "write "+c.written(n, isIn(n.Right, n.Left)), "in looks for a text in a list, which stands behind it")
	case left == isList && right == isList:
		c.fail(n, "ask for each: "+c.written(n, each(n.Left, n.Right)), "in looks for one text, and %s is a list", n.Left)
	case left == isText && right == isText:
		c.fail(n, fmt.Sprintf("write %s == %s", n.Right, n.Left), "in looks in a list, and %s is one text", n.Right)
	}
}

// written returns a condition as the file has it. If a whole rule begins with a double quote, YAML needs single ones
// around it.
func (c *checker) written(instead ast.Node, condition string) string {
	if instead == c.root && strings.HasPrefix(condition, `"`) {
		return "'" + condition + "'"
	}
	return condition
}

// each returns a condition with one in for each of two elements of a list.
func each(roles, list ast.Node) string {
	array, ok := list.(*ast.ArrayNode)
	if !ok || len(array.Nodes) == 0 {
		return `"admin" in ` + roles.String()
	}
	var parts []string
	for _, element := range array.Nodes[:min(2, len(array.Nodes))] {
		parts = append(parts, isIn(element, roles))
	}
	return strings.Join(parts, " or ")
}

// junction checks the operands of and and or: identity.role == "a" or "b" is no condition.
func (c *checker) junction(n *ast.BinaryNode) {
	for _, operand := range []ast.Node{n.Left, n.Right} {
		word := classOf(operand)
		if word != isText && word != isNumber && word != isList {
			continue
		}
		fix := "compare it with a value"
		if before, ok := n.Left.(*ast.BinaryNode); ok && before.Operator == "==" && operand == n.Right && (n.Operator == "or" || n.Operator == "||") {
			fix = fmt.Sprintf("write %s in [%s, %s]", before.Left, before.Right, operand)
		}
		c.fail(operand, fix, "%s joins conditions, and %s is %s", n.Operator, operand, word)
	}
}

// unquoted explains words that are texts without quotes, as in identity.role == staff. The walk has visited the words
// before, as if they were variables.
func (c *checker) unquoted(n *ast.BinaryNode) {
	for _, pair := range [][2]ast.Node{{n.Left, n.Right}, {n.Right, n.Left}} {
		word, ok := pair[0].(*ast.IdentifierNode)
		other := classOf(pair[1])
		if !ok || other != isText && other != isList || c.means(word.Value) {
			continue
		}
		quoted := fmt.Sprintf("%s %s %q", n.Left, n.Operator, word.Value)
		if pair[0] == n.Left {
			quoted = fmt.Sprintf("%q %s %s", word.Value, n.Operator, n.Right)
		}
		if other == isList && (n.Operator == "==" || n.Operator == "!=") {
			quoted = negated(n, isIn(word, pair[1]))
		}
		c.forget(word)
		c.fail(word, "put it in quotes, if it is a text: "+c.written(n, quoted), "there is no %s here", word.Value)
	}
}

// means reports whether a word is one that rules know, or nearly.
func (c *checker) means(word string) bool {
	known := slices.Concat(c.scope.words(), identityFields, payloadWords, c.scope.names, []string{"topic", "procedure", "true", "false"})
	return slices.Contains(known, word) || text.Nearest(word, append(c.scope.words(), "true", "false")) != ""
}

// forget removes the problems at a node, of which there is more to say.
func (c *checker) forget(node ast.Node) {
	at := byteOffset(c.text, node.Location().From)
	c.problems = slices.DeleteFunc(c.problems, func(p *SyntaxError) bool { return p.Offset == at })
}

// method reports the call of a method, such as identity.roles.includes("staff").
func (c *checker) method(callee *ast.MemberNode, arguments []ast.Node) {
	fix := "a rule may call " + strings.Join(functions, ", ")
	if len(arguments) == 1 {
		fix = fmt.Sprintf("write %s contains %s", callee.Node, arguments[0])
		if classOf(callee.Node) == isList {
			fix = "write " + isIn(arguments[0], callee.Node)
		}
	}
	c.fail(callee, fix, "a rule has no methods")
}

// expression checks a regular expression.
func (c *checker) expression(n *ast.BinaryNode) {
	if n.Operator != "matches" {
		return
	}
	expression, ok := n.Right.(*ast.StringNode)
	if !ok {
		c.fail(n.Right, "write the expression as text in quotes", "the regular expression is computed")
		return
	}
	if n := schema.Instructions(expression.Value); n > maxInstructions {
		c.fail(expression, costlyFix, "the regular expression takes up to %d steps for each byte; %d are allowed", n, maxInstructions)
	}
}
