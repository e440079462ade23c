using System.Text.RegularExpressions;
using Atelier.Core;
using Atelier.Core.Runs;
using Atelier.Core.Specs;
using Atelier.Storage.TensorBoard;
using Atelier.TestKit;
using Atelier.Worker.Runs;

namespace Atelier.Architecture.Tests;

/// <summary>README's tables say what the code does.</summary>
public sealed partial class ReadmeTests
{
    private static readonly Markdown Readme = Markdown.Open("README.md");

    [Fact]
    public void Commands_InTheTable_AreThoseOfTheCommandLine() =>
        Assert.Equal(AtelierCommands.List().Order(StringComparer.Ordinal), Readme.Table("command").Select(row => Markdown.Code(row[0]).Single()).Order(StringComparer.Ordinal));

    [Fact]
    public void Options_OfTraining_Exist()
    {
        var help = AtelierCommands.Help("train");
        var options = Readme.Table("option").SelectMany(row => Markdown.Code(row[0])).Select(code => code.Split(' ')[0]).ToList();
        Assert.NotEmpty(options);
        Assert.All(options, option => Assert.Matches($@"(^|\s){Regex.Escape(option)}(\s|$)", help));
    }

    [Fact]
    public void ExitCodes_InTheTable_AreThoseOfTheProcesses()
    {
        var codes = ExitCodeConstant().Matches(Repository.Read("src/Cli/ErrorHandler.cs")).Select(match => int.Parse(match.Groups[1].Value));
        var launcher = LauncherExit().Matches(Repository.Read("atelier")).Select(match => int.Parse(match.Groups[1].Value));
        Assert.Equal(codes.Concat(launcher).Distinct().Order(), Readme.Table("exit code").Select(row => int.Parse(row[0])).Order());
    }

    [Fact]
    public void SpecKeys_InTheTable_HaveTheirDefaultsAndClasses() =>
        Assert.All(Readme.Table("key"), row =>
        {
            var key = SpecKeys.Find(Markdown.Code(row[0]).Single());
            Assert.Equal((key.Name, key.Default, key.Change.ToString().ToLowerInvariant()), (key.Name, Markdown.Code(row[1]).Single(), row[3]));
        });

    [Fact]
    public void SpecKeys_InTheTable_HaveWhatAutoSets()
    {
        var auto = SpecResolver.Resolve(Recipes.Named(Recipes.Default), [], new DatasetFacts(256, 256, 0, 10_000), gpus: 1);
        Assert.All(Readme.Table("key"), row =>
        {
            var key = SpecKeys.Find(Markdown.Code(row[0]).Single());
            string set = auto.Provenance[key] == SpecProvenance.Default ? "" : key.Format(auto.Spec);
            Assert.Equal((key.Name, set), (key.Name, row[2].Trim('`')));
        });
    }

    [Fact]
    public void Recipes_InTheTable_AreTheFilesAndTheNames()
    {
        var files = Repository.FilesIn("recipes", ".json").Select(Path.GetFileNameWithoutExtension).Order(StringComparer.Ordinal);
        Assert.Equal(files, Recipes.Names);
        Assert.Equal(files, Readme.Table("recipe").Select(row => Markdown.Code(row[0]).Single()).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void RunFiles_InTheTable_AreThoseOfARunFolder()
    {
        var folder = new RunFolder("run");
        string[] named =
        [
            .. typeof(RunFolder).GetProperties().Where(property => property.Name is not (nameof(RunFolder.Path) or nameof(RunFolder.Lock) or nameof(RunFolder.Name)) && property.PropertyType == typeof(string))
                .Select(property => (string)property.GetValue(folder)!),
            folder.Picture(RunFileNames.Fakes(ImageCount.FromKimg(200)))["run/".Length..],
            folder.Metric("rfd"),
            ScalarFile.Prefix + "*",
        ];
        Assert.Equal(
            named.Select(name => name.StartsWith("run/", StringComparison.Ordinal) ? name["run/".Length..] : name).Order(StringComparer.Ordinal),
            Readme.Table("file").Select(row => Markdown.Code(row[0]).Single().TrimEnd('/')).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Launcher_WhileItBuilds_LendsItsLockToNobody() =>
        // The compiler's servers, which the build starts, outlive it and would keep the lock: the next command would hang.
        Assert.All(
            Repository.Read("atelier").Split('\n').Where(line => line.TrimStart().StartsWith("dotnet build", StringComparison.Ordinal)),
            line => Assert.Contains("9>&-", line, StringComparison.Ordinal));

    [GeneratedRegex(@"public const int \w+ = (\d+);")]
    private static partial Regex ExitCodeConstant();

    [GeneratedRegex(@"\bexit (\d+)")]
    private static partial Regex LauncherExit();
}
