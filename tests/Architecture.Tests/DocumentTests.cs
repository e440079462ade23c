using System.Text.RegularExpressions;
using Atelier.TestKit;

namespace Atelier.Architecture.Tests;

/// <summary>What the documents point at exists.</summary>
public sealed partial class DocumentTests
{
    // docs/algorithm.md says so above its tables.
    private static readonly string[] AlgorithmFolders = ["", "src/", "src/Training/"];

    public static TheoryData<string> Documents => [.. Repository.FilesIn("", ".md")];

    [Theory]
    [MemberData(nameof(Documents))]
    public void Links_ToTheRepository_Resolve(string path)
    {
        var broken = Markdown.Open(path).Links.Where(link => !IsExternal().IsMatch(link) && !Resolves(path, link));
        Assert.Empty(broken);
    }

    [Fact]
    public void Decisions_ByNumber_HaveNoGapAndNoDuplicate()
    {
        var files = Repository.FilesIn("docs/decisions", ".md").Select(file => Path.GetFileName(file)).ToList();
        Assert.All(files, file => Assert.Matches(DecisionName(), file));
        Assert.Equal(Enumerable.Range(1, files.Count), files.Select(file => int.Parse(file[..4])).Order());
        Assert.All(files, file => Assert.StartsWith(file[..4], Markdown.Open($"docs/decisions/{file}").Headings.First()));
    }

    [Fact]
    public void Algorithm_FileColumn_NamesWhatExists()
    {
        var tables = Markdown.Open("docs/algorithm.md").Tables().Where(table => table[0].Contains("file")).ToList();
        var named = tables.SelectMany(table => table.Skip(1).SelectMany(row => Markdown.Code(row[Array.IndexOf(table[0], "file")]))).ToList();
        Assert.NotEmpty(named);
        Assert.DoesNotContain(named, file => !AlgorithmFolders.Any(folder => Repository.Exists(folder + file)));
    }

    [Fact]
    public void Architecture_DependencyTable_IsTheOneThatIsAsserted()
    {
        var written = Markdown.Open("docs/architecture.md").Table("project")
            .Select(row => (Project: Markdown.Code(row[0]).Single(), Allowed: Markdown.Code(row[2]).Order(StringComparer.Ordinal).ToList()));
        var asserted = DependencyTable.Rows
            .Select(row => (row.Project, Allowed: row.Projects.Concat(row.Packages).Order(StringComparer.Ordinal).ToList()));
        Assert.Equivalent(asserted, written, strict: true);
    }

    private static bool Resolves(string document, string link)
    {
        var parts = link.Split('#', 2);
        var target = parts[0].Length == 0
            ? document
            : Path.GetRelativePath(Repository.Root, Path.GetFullPath(parts[0], Path.GetDirectoryName(Repository.Full(document))!)).Replace('\\', '/');
        return Repository.Exists(target) && (parts.Length == 1 || Markdown.Open(target).Anchors.Contains(parts[1]));
    }

    [GeneratedRegex("^(https?|mailto):")]
    private static partial Regex IsExternal();

    [GeneratedRegex(@"^\d{4}-[a-z0-9-]+\.md$")]
    private static partial Regex DecisionName();
}
