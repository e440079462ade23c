namespace Atelier.Architecture.Tests;

/// <summary>The dependency table, against project files and compiled assemblies.</summary>
public sealed class DependencyTests
{
    public static TheoryData<string> Sources => [.. ProjectFile.All.Where(project => IsIn(project, "src")).Select(project => project.Path)];

    /// <summary>Those whose assemblies are here.</summary>
    public static TheoryData<string> BuiltSources =>
        [.. ProjectFile.All.Where(project => IsIn(project, "src") && !DependencyTable.Rows.Any(row => row.IsOutsideTheSolution && row.Project == project.Folder)).Select(project => project.Path)];

    public static TheoryData<string> Tests => [.. ProjectFile.All.Where(project => IsIn(project, "tests")).Select(project => project.Path)];

    [Fact]
    public void Table_EveryRow_IsAProject()
    {
        var folders = ProjectFile.All.Select(project => project.Folder).ToHashSet();
        Assert.All(DependencyTable.Rows, row => Assert.True(folders.Contains(row.Project), $"DependencyTable has a row for {row.Project}, where there is no project"));
        Assert.All(DependencyTable.TestProjects.Keys, project => Assert.True(folders.Contains(project), $"DependencyTable names {project}, where there is no project"));
    }

    [Fact]
    public void Projects_Everywhere_LieInAKnownFolder() =>
        Assert.All(ProjectFile.All, project => Assert.True(
            IsIn(project, "src") || IsIn(project, "tests") || IsIn(project, "bench"), $"{project} lies neither in src nor in tests nor in bench"));

    [Theory]
    [MemberData(nameof(Sources))]
    public void ProjectFile_OfASource_ReferencesWhatItsRowAllows(string path)
    {
        var (project, row) = Find(path);
        AssertAllowed(project.Projects, row.Projects, $"{project} references the project");
        AssertAllowed(project.Packages.Select(package => package.Name), row.Packages, $"{project} references the package");
    }

    [Theory]
    [MemberData(nameof(BuiltSources))]
    public void Assembly_OfASource_UsesWhatItsRowAllows(string path)
    {
        var (project, row) = Find(path);
        var allowed = row.Projects.Select(AssemblyOf).Concat(row.Sees).Concat(row.Packages);
        var families = DependencyTable.PackageFamilies
            .Where(family => row.Packages.Any(package => package.StartsWith(family.Key, StringComparison.Ordinal))).Select(family => family.Value).ToList();
        // Orleans' generator writes into whatever refers to a project with contracts.
        if (row.Projects.Contains("src/Coordinator"))
            families.Add("Orleans.Serialization");
        // In Orleans' contract of a serializer for storage.
        if (row.Packages.Contains("Microsoft.Orleans.Persistence.AdoNet"))
            families.Add("System.Memory.Data");
        var used = BuiltAssembly.ReferencesOf(project.AssemblyName).Where(name => !families.Any(start => name.StartsWith(start, StringComparison.Ordinal)));
        AssertAllowed(used, allowed, $"{project.AssemblyName}.dll uses the assembly");
    }

    [Theory]
    [MemberData(nameof(Sources))]
    public void ProjectFile_OfASource_ShowsInternalsToItsTestsAlone(string path)
    {
        var (project, row) = Find(path);
        AssertAllowed(project.Friends, [$"Atelier.{project.Name}.Tests", .. row.Friends], $"{project} shows its internals to");
    }

    [Theory]
    [MemberData(nameof(Tests))]
    public void ProjectFile_OfATest_ReferencesWhatItTests(string path)
    {
        var project = new ProjectFile(path);
        var allowed = DependencyTable.TestProjects.TryGetValue(project.Folder, out var listed) ? listed : Mirrored(project);
        AssertAllowed(project.Projects, allowed, $"{project} references the project");
        AssertAllowed(project.Packages.Select(package => package.Name), DependencyTable.TestPackages, $"{project} references the package");
    }

    private static string[] Mirrored(ProjectFile project)
    {
        var row = DependencyTable.Rows.FirstOrDefault(row => project.Name == $"{Path.GetFileName(row.Project)}.Tests");
        Assert.True(
            row is not null,
            $"{project} is unknown: a test project is called after the project that it tests, as Core.Tests; another kind belongs into DependencyTable.TestProjects");
        return [row.Project, "tests/TestKit"];
    }

    private static (ProjectFile Project, DependencyRow Row) Find(string path)
    {
        var project = new ProjectFile(path);
        var row = DependencyTable.Rows.FirstOrDefault(row => row.Project == project.Folder);
        Assert.True(row is not null, $"{project} is unknown: add it to the dependency table (tests/Architecture.Tests/DependencyTable.cs and docs/architecture.md)");
        return (project, row);
    }

    private static string AssemblyOf(string folder) => ProjectFile.All.Single(project => project.Folder == folder).AssemblyName;

    private static bool IsIn(ProjectFile project, string folder) => project.Path.StartsWith(folder + "/", StringComparison.Ordinal);

    private static void AssertAllowed(IEnumerable<string> used, IEnumerable<string> allowed, string what) =>
        Assert.All(used, name => Assert.True(allowed.Contains(name), $"{what} {name}; allowed are: {string.Join(", ", allowed.DefaultIfEmpty("none"))}"));
}
