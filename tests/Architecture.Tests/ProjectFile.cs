using System.Xml.Linq;
using Atelier.TestKit;

namespace Atelier.Architecture.Tests;

/// <summary>What a <c>.csproj</c> file says about the project's neighbours.</summary>
internal sealed class ProjectFile
{
    private readonly XDocument _xml;

    public ProjectFile(string path)
    {
        Path = path;
        _xml = XDocument.Load(Repository.Full(path));
    }

    /// <summary>All projects of the repository.</summary>
    public static IReadOnlyList<ProjectFile> All { get; } = [.. Repository.FilesIn("", ".csproj").Select(path => new ProjectFile(path))];

    /// <summary>Its path from the root.</summary>
    public string Path { get; }

    public string Name => System.IO.Path.GetFileNameWithoutExtension(Path);

    /// <summary>Its folder, from the root: how the dependency table names it.</summary>
    public string Folder => System.IO.Path.GetDirectoryName(Path)!.Replace('\\', '/');

    /// <summary>The name of what it builds.</summary>
    public string AssemblyName => Property("AssemblyName") ?? $"Atelier.{Name}";

    public bool AllowsUnsafe => Property("AllowUnsafeBlocks") == "true";

    /// <summary>Folders of the projects that it references.</summary>
    public IReadOnlyList<string> Projects =>
        [.. Items("ProjectReference").Select(item => System.IO.Path.GetRelativePath(
            Repository.Root, System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(Include(item), Repository.Full(Folder)))!).Replace('\\', '/'))];

    /// <summary>Packages that it references.</summary>
    public IReadOnlyList<PackageUse> Packages =>
        [.. Items("PackageReference")
            .Where(item => item.Attribute("Include") is not null)
            .Select(item => new PackageUse(Include(item), item.Attribute("Version") is not null))];

    /// <summary>Assemblies that see its internals.</summary>
    public IReadOnlyList<string> Friends => [.. Items("InternalsVisibleTo").Select(Include)];

    public override string ToString() => Path;

    private string? Property(string name) => _xml.Descendants(name).FirstOrDefault()?.Value;

    private IEnumerable<XElement> Items(string name) => _xml.Descendants(name);

    private static string Include(XElement item) => item.Attribute("Include")?.Value
        ?? throw new InvalidOperationException($"{item} has no Include");
}

/// <summary>A package that a project references.</summary>
/// <param name="Name">Its id.</param>
/// <param name="HasVersion">Whether the project states a version of its own.</param>
internal sealed record PackageUse(string Name, bool HasVersion);
