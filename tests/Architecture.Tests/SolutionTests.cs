using System.Xml.Linq;
using Atelier.TestKit;

namespace Atelier.Architecture.Tests;

/// <summary>The solution, the central package versions and the lock files.</summary>
public sealed class SolutionTests
{
    private static readonly XDocument Packages = XDocument.Load(Repository.Full("Directory.Packages.props"));

    [Fact]
    public void Solution_HasEveryProjectButThoseBuiltAlone()
    {
        var listed = XDocument.Load(Repository.Full("Atelier.slnx")).Descendants("Project").Select(project => project.Attribute("Path")!.Value);
        var alone = DependencyTable.Rows.Where(row => row.IsOutsideTheSolution).Select(row => row.Project);
        Assert.Equal(ProjectFile.All.Where(project => !alone.Contains(project.Folder)).Select(project => project.Path).Order(StringComparer.Ordinal), listed.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void PackageVersions_InEachGroup_AreSorted() =>
        Assert.All(
            Packages.Descendants("ItemGroup").Select(group => group.Elements("PackageVersion").Select(package => package.Attribute("Include")!.Value).ToList()),
            names => Assert.Equal(names.Order(StringComparer.OrdinalIgnoreCase), names));

    [Fact]
    public void PackageReferences_Everywhere_TakeTheCentralVersion()
    {
        var central = Packages.Descendants("PackageVersion").Select(package => package.Attribute("Include")!.Value).ToHashSet();
        Assert.All(ProjectFile.All, project => Assert.All(project.Packages, package =>
        {
            Assert.False(package.HasVersion, $"{project} states a version of {package.Name}; versions stand in Directory.Packages.props");
            Assert.Contains(package.Name, central);
        }));
    }

    [Fact]
    public void Projects_Everywhere_HaveALockFile() =>
        Assert.All(ProjectFile.All, project => Assert.True(Repository.Exists($"{project.Folder}/packages.lock.json"), $"{project} has no packages.lock.json; restore it and commit the file"));
}
