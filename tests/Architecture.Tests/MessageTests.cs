using System.Text;
using System.Text.RegularExpressions;
using Atelier.TestKit;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Atelier.Architecture.Tests;

/// <summary>
/// What the product says to people: <c>docs/messages.md</c> has it all in one place, to be read. <c>ATELIER_WRITE=1</c> writes the page anew.
/// </summary>
public sealed partial class MessageTests
{
    private const string Page = "docs/messages.md";

    /// <summary>Fewer words are a name, a unit or a piece of a sentence.</summary>
    private const int LeastWords = 3;

    /// <summary>They say nothing to people.</summary>
    private static readonly string[] Silent = ["src/Kernels"];

    private static readonly Lazy<IReadOnlyList<(string Path, IReadOnlyList<string> Texts)>> Messages = new(Read);

    [Fact]
    public void Page_OfMessages_HasThemAll()
    {
        string page = Write();
        if (Environment.GetEnvironmentVariable("ATELIER_WRITE") == "1")
            File.WriteAllText(Repository.Full(Page), page);
        Assert.True(Repository.Exists(Page) && Repository.Read(Page) == page, $"{Page} is not what the sources say; read what has changed aloud, and write it with ATELIER_WRITE=1 ./atelier test --only Architecture");
    }

    /// <summary>Wordings that were put right once: a number with its noun is <c>Counted</c>'s.</summary>
    [Fact]
    public void Messages_WithANumber_HaveThePluralThatItTakes() =>
        Assert.DoesNotContain(Messages.Value.SelectMany(file => file.Texts), text => text.Contains("(s)", StringComparison.Ordinal) && !text.Contains("http(s)", StringComparison.Ordinal));

    private static string Write()
    {
        var page = new StringBuilder("""
            # Messages

            Everything that Atelier says in whole phrases: errors, progress, events, logs and help, by the file that says it, so that it can be
            read in one go. `{…}` stands for what is filled in. A test keeps this page in step with the sources.

            """);
        foreach (var (path, texts) in Messages.Value)
        {
            page.Append('\n').Append("## ").Append(path["src/".Length..]).Append("\n\n");
            foreach (string text in texts)
                page.Append("- ").Append(text.Replace("](", "] (", StringComparison.Ordinal)).Append('\n');
        }
        return page.ToString();
    }

    private static IReadOnlyList<(string Path, IReadOnlyList<string> Texts)> Read() =>
    [
        .. from path in Repository.FilesIn("src", ".cs")
           where !Silent.Any(folder => path.StartsWith(folder + "/", StringComparison.Ordinal))
           let texts = TextsOf(CSharpSyntaxTree.ParseText(Repository.Read(path)).GetRoot())
           where texts.Count > 0
           select (path, texts),
    ];

    private static IReadOnlyList<string> TextsOf(SyntaxNode root) =>
    [
        .. root.DescendantNodes().Where(IsSaid).Select(TextOf).Select(text => Spaces().Replace(text, " ").Trim())
            .Where(text => text.Contains(' ') && Words().Count(text) >= LeastWords && !Statements().IsMatch(text)).Distinct(),
    ];

    private static bool IsSaid(SyntaxNode node) =>
        node is InterpolatedStringExpressionSyntax || (node.IsKind(SyntaxKind.StringLiteralExpression) && node.FirstAncestorOrSelf<AttributeSyntax>() is null or { Name: IdentifierNameSyntax { Identifier.Text: "LoggerMessage" } });

    private static string TextOf(SyntaxNode node) => node switch
    {
        InterpolatedStringExpressionSyntax text => string.Concat(text.Contents.Select(part => part is InterpolatedStringTextSyntax said ? said.TextToken.ValueText : "{…}")),
        LiteralExpressionSyntax literal => literal.Token.ValueText,
        _ => "",
    };

    [GeneratedRegex(@"\p{L}{2,}")]
    private static partial Regex Words();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();

    /// <summary>SQL, HTML and the like.</summary>
    [GeneratedRegex(@"^(SELECT|INSERT|UPDATE|DELETE|CREATE|PRAGMA|SET|<)")]
    private static partial Regex Statements();
}
