namespace Atelier.TestKit;

/// <summary>The checkout that the tests run in: its files as they are, without what building leaves.</summary>
public static class Repository
{
    private static readonly string[] NotOurs = ["artifacts", "bin", "obj", "runs", "node_modules", "TestResults"];

    /// <summary>The folder of <c>Atelier.slnx</c>.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>All files, as paths from the root with <c>/</c>, sorted.</summary>
    public static IReadOnlyList<string> Files { get; } = [.. Walk(Root).Select(Relative).Order(StringComparer.Ordinal)];

    /// <summary>All folders that hold a file, at any depth, as paths from the root with <c>/</c>.</summary>
    public static IReadOnlyList<string> Folders { get; } = [.. Files.SelectMany(Parents).Distinct().Order(StringComparer.Ordinal)];

    /// <summary>The files with one of the extensions below a folder.</summary>
    /// <param name="folder">A path from the root; empty for the root.</param>
    /// <param name="extensions">With the dot.</param>
    public static IEnumerable<string> FilesIn(string folder, params string[] extensions) =>
        Files.Where(file => (folder.Length == 0 || file.StartsWith(folder + "/", StringComparison.Ordinal)) && extensions.Contains(Path.GetExtension(file)));

    public static string Full(string path) => Path.Combine(Root, path);

    public static string Read(string path) => File.ReadAllText(Full(path));

    public static bool Exists(string path) => File.Exists(Full(path)) || Directory.Exists(Full(path));

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Atelier.slnx")))
                return folder.FullName;
        }
        throw new InvalidOperationException($"{AppContext.BaseDirectory} is not inside a checkout with an Atelier.slnx");
    }

    private static IEnumerable<string> Walk(string folder) =>
        Directory.EnumerateFiles(folder).Concat(
            Directory.EnumerateDirectories(folder)
                .Where(child => !NotOurs.Contains(Path.GetFileName(child)) && (!Path.GetFileName(child).StartsWith('.') || Path.GetFileName(child) == ".ci"))
                .SelectMany(Walk));

    private static string Relative(string path) => Path.GetRelativePath(Root, path).Replace('\\', '/');

    private static IEnumerable<string> Parents(string file)
    {
        for (var parent = Path.GetDirectoryName(file); !string.IsNullOrEmpty(parent); parent = Path.GetDirectoryName(parent))
            yield return parent.Replace('\\', '/');
    }
}
