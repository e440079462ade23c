using System.Text.RegularExpressions;
using Atelier.TestKit;

namespace Atelier.Architecture.Tests;

/// <summary>Rules that every source file keeps.</summary>
public sealed partial class SourceRuleTests
{
    private const int MostLines = 400;

    private static readonly string[] ForbiddenNames = ["Common", "Utils", "Helpers", "Shared", "Managers"];

    [Fact]
    public void Sources_OutsideTheNativeBoundary_ImportNothing()
    {
        var outside = Repository.FilesIn("src", ".cs").Where(file => !DependencyTable.NativeBoundary.Keys.Any(place => file.StartsWith(place + "/", StringComparison.Ordinal)));
        Assert.Empty(outside.SelectMany(file => SourceCode.LinesWith(file, NativeCode())));
    }

    [Fact]
    public void ProjectFiles_WithUnsafeCode_HaveAPlaceForIt() =>
        Assert.All(
            ProjectFile.All.Where(project => project.AllowsUnsafe && project.Path.StartsWith("src/", StringComparison.Ordinal)),
            project => Assert.Contains(DependencyTable.NativeBoundary.Keys, place => place == project.Folder || place.StartsWith(project.Folder + "/", StringComparison.Ordinal)));

    [Fact]
    public void Sources_ReadTheClock_ThroughTimeProvider() =>
        Assert.Empty(Repository.FilesIn("src", ".cs").SelectMany(file => SourceCode.LinesWith(file, WallClock())));

    [Fact]
    public void Tests_ThatWait_DoNotSleep() =>
        Assert.Empty(Repository.FilesIn("tests", ".cs").SelectMany(file => SourceCode.LinesWith(file, Sleep())));

    [Fact]
    public void Sources_Everywhere_AreShort()
    {
        var files = Repository.Files.Where(file => Path.GetExtension(file) is ".cs" or ".cuh" or ".hpp").ToList();
        Assert.True(files.Count > 100, "the sources were not found");
        var tooLong = files.Where(file => File.ReadLines(Repository.Full(file)).Count() > MostLines).ToList();
        Assert.Equal(DependencyTable.LongFiles.Keys.Order(), tooLong.Order());
    }

    [Fact]
    public void FoldersAndProjects_AreCalled_ByWhatTheyHold()
    {
        bool IsForbidden(string name) => ForbiddenNames.Contains(name, StringComparer.OrdinalIgnoreCase);
        Assert.DoesNotContain(Repository.Folders, folder => IsForbidden(Path.GetFileName(folder)));
        Assert.DoesNotContain(ProjectFile.All, project => project.Name.Split('.').Any(IsForbidden));
    }

    [GeneratedRegex(@"\b(LibraryImport|DllImport|unsafe)\b")]
    private static partial Regex NativeCode();

    [GeneratedRegex(@"\bDateTime(Offset)?\.(UtcNow|Now|Today)\b")]
    private static partial Regex WallClock();

    [GeneratedRegex(@"\b(Thread\.Sleep|Task\.Delay)\b")]
    private static partial Regex Sleep();
}
