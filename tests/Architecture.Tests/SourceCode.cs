using System.Text.RegularExpressions;
using Atelier.TestKit;

namespace Atelier.Architecture.Tests;

/// <summary>C# sources without comments and texts, so that only what is compiled counts.</summary>
internal static partial class SourceCode
{
    /// <summary>Lines of a file on which a pattern occurs, as <c>path:line</c>.</summary>
    public static IEnumerable<string> LinesWith(string path, Regex pattern) =>
        Strip(Repository.Read(path)).Split('\n')
            .Select((line, index) => (line, index))
            .Where(pair => pattern.IsMatch(pair.line))
            .Select(pair => $"{path}:{pair.index + 1}");

    /// <summary>The code with comments and texts blanked; line numbers stay.</summary>
    internal static string Strip(string code) =>
        NotCode().Replace(code, match => match.Value[0] == '/' ? Blank(match.Value) : $"\"{Blank(match.Value)}\"");

    private static string Blank(string text) => new('\n', text.Count(c => c == '\n'));

    // In this order: raw texts, verbatim texts, texts, characters, comments of both kinds.
    [GeneratedRegex("""
        \"{3,}[\s\S]*?\"{3,} | \$?@\$?\"(?:[^\"]|\"\")*\" | \"(?:\\.|[^\"\\\n])*\" | '(?:\\.|[^'\\\n])+' | //[^\n]* | /\*[\s\S]*?\*/
        """, RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex NotCode();
}
