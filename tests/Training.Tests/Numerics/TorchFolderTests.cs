using Atelier.Core;
using Atelier.Training.Interop;

namespace Atelier.Training.Tests.Numerics;

/// <summary>A libtorch that a folder brings, made here of the package's files.</summary>
public sealed class TorchFolderTests : IDisposable
{
    private const string Wanted = TorchLibrary.BindingVersion;

    private readonly string _root = Directory.CreateTempSubdirectory("atelier-libtorch").FullName;

    private static string Binding => Package("libLibTorchSharp.so");

    private string Folder => Path.Combine(_root, "lib");

    [Theory]
    [InlineData("build-version", "2.10.0+cpu", "2.10.0+cpu")]
    [InlineData("build-version", "2.11.0", "2.11.0")]
    [InlineData("version.py", "from typing import Optional\n__version__ = '2.11.1+cu130'\ndebug = False", "2.11.1+cu130")]
    public void Check_WholeAndNewEnough_HasItsVersion(string file, string text, string version)
    {
        Make(file, text);

        Assert.Equal(new TorchFolder(Folder, version), TorchFolder.Check(Folder, Binding, Wanted));
    }

    [Theory]
    [InlineData("2.9.1")]
    [InlineData("3.0.0")]
    public void Check_OlderOrOfAnotherMajorVersion_IsRefusedByName(string version)
    {
        Make("build-version", version);

        var message = Refusal();

        Assert.Contains(version, message, StringComparison.Ordinal);
        Assert.Contains(Wanted, message, StringComparison.Ordinal);
    }

    [Fact]
    public void Check_NoVersion_IsRefused()
    {
        Make("other", "");

        Assert.Contains("build-version", Refusal(), StringComparison.Ordinal);
    }

    [Fact]
    public void Check_WithoutFunctionsThatTorchSharpCalls_NamesSome()
    {
        Make("build-version", Wanted, cpu: "libc10.so");

        Assert.Matches(@"lacks [\d,]+ functions that TorchSharp calls \(_Z\w+, ", Refusal());
    }

    [Fact]
    public void Check_WithoutALibrary_NamesIt()
    {
        Make("build-version", Wanted);
        File.Delete(Path.Combine(Folder, "libtorch.so"));

        Assert.Contains("libtorch.so is missing", Refusal(), StringComparison.Ordinal);
    }

    [Fact]
    public void BindingVersion_IsTheOneThatTorchSharpWasMadeFor()
    {
        TorchLibrary.Load();

        Assert.StartsWith($"{TorchLibrary.BindingVersion}.", $"{TorchSharp.torch.__version__}.", StringComparison.Ordinal);
    }

    [Fact]
    public void Needed_OfSomethingElse_IsInvalid()
    {
        var file = Path.Combine(_root, "text");
        File.WriteAllText(file, new string('x', 100));

        Assert.Throws<InvalidDataException>(() => ElfSymbols.Needed(file));
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    private string Refusal() => Assert.Throws<UserErrorException>(() => TorchFolder.Check(Folder, Binding, Wanted)).Message;

    private void Make(string versionFile, string text, string cpu = "libtorch_cpu.so")
    {
        Directory.CreateDirectory(Folder);
        File.WriteAllText(Path.Combine(_root, versionFile), text);
        foreach (var (name, target) in new[] { ("libc10.so", "libc10.so"), ("libtorch_cpu.so", cpu), ("libtorch.so", "libtorch.so") })
            File.CreateSymbolicLink(Path.Combine(Folder, name), Package(target));
    }

    private static string Package(string file)
    {
        var path = TorchLibrary.Find(file)!;
        return File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path;
    }
}
