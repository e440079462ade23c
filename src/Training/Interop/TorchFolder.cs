using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using Atelier.Core;

namespace Atelier.Training.Interop;

/// <summary>
/// A libtorch other than the package's: the lib folder of one that was downloaded, or torch/lib of a PyTorch installation. It must be
/// of TorchSharp's major version and not older than what TorchSharp was made for, and have every function that TorchSharp asks for.
/// </summary>
/// <param name="Path">The folder.</param>
/// <param name="Version">Its version, as in <c>2.11.0+cu130</c>.</param>
internal sealed partial record TorchFolder(string Path, string Version)
{
    /// <summary>The variable that names the folder.</summary>
    public const string Variable = "ATELIER_LIBTORCH";

    private const int MostNames = 3;

    // Each needs those before it.
    private static readonly string[] Required = ["libc10.so", "libtorch_cpu.so", "libtorch.so"];
    private static readonly string[] LoadOrder = ["libc10.so", "libtorch_cpu.so", "libc10_cuda.so", "libtorch_cuda.so", "libtorch.so"];

    /// <summary>Checks a folder.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="binding">TorchSharp's library.</param>
    /// <param name="bindingVersion">The version of libtorch that TorchSharp was made for.</param>
    /// <exception cref="UserErrorException">It cannot be used; the message says why.</exception>
    public static TorchFolder Check(string path, string binding, string bindingVersion)
    {
        if (Required.FirstOrDefault(file => !File.Exists(System.IO.Path.Combine(path, file))) is { } missing)
            throw new UserErrorException($"{Variable}={path}: {missing} is missing; name the lib folder of libtorch, or torch/lib of a PyTorch installation");
        var version = ReadVersion(path) ??
            throw new UserErrorException($"{Variable}={path}: cannot tell its version: there is neither build-version nor version.py in {System.IO.Path.GetDirectoryName(path)}");
        var (own, wanted) = (Numbers(version), Numbers(bindingVersion));
        if (own.Major != wanted.Major || own < wanted)
            throw new UserErrorException($"{Variable}={path}: it is libtorch {version}, and TorchSharp needs {bindingVersion} or a newer {wanted.Major}.x");
        var needed = ElfSymbols.Needed(binding);
        foreach (var file in LoadOrder.Select(file => System.IO.Path.Combine(path, file)).Where(File.Exists))
            ElfSymbols.RemoveExports(file, needed);
        if (needed.Count > 0)
        {
            var names = string.Join(", ", needed.Order(StringComparer.Ordinal).Take(MostNames));
            throw new UserErrorException($"{Variable}={path}: libtorch {version} lacks {Counted.Of(needed.Count, "function")} that TorchSharp calls ({names}{(needed.Count > MostNames ? ", …" : "")}); use libtorch {bindingVersion}");
        }
        return new TorchFolder(path, version);
    }

    /// <summary>Loads its libraries, so that TorchSharp's, which stands elsewhere, finds them loaded.</summary>
    /// <exception cref="UserErrorException">One cannot be loaded.</exception>
    public void Load()
    {
        foreach (var file in LoadOrder.Select(file => System.IO.Path.Combine(Path, file)).Where(File.Exists))
        {
            try
            {
                NativeLibrary.Load(file);
            }
            catch (DllNotFoundException e)
            {
                throw new UserErrorException($"{Variable}={Path}: {System.IO.Path.GetFileName(file)} cannot be loaded: {e.Message}", e);
            }
        }
    }

    /// <summary>libtorch's archives say it in build-version, PyTorch's packages in version.py, both beside lib.</summary>
    private static string? ReadVersion(string path)
    {
        var above = System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path))!;
        string Text(string file) => File.Exists(System.IO.Path.Combine(above, file)) ? File.ReadAllText(System.IO.Path.Combine(above, file)) : "";
        var match = BuildVersion().Match(Text("build-version"));
        if (!match.Success)
            match = PythonVersion().Match(Text("version.py"));
        return match.Success ? match.Groups[1].Value : null;
    }

    private static Version Numbers(string version) => System.Version.Parse(LeadingNumbers().Match(version).Value);

    [GeneratedRegex(@"^\s*(\d+\.\d+\.\d+\S*)")]
    private static partial Regex BuildVersion();

    [GeneratedRegex(@"__version__\s*=\s*['""](\d+\.\d+\.\d+[^'""]*)['""]")]
    private static partial Regex PythonVersion();

    [GeneratedRegex(@"^\d+\.\d+\.\d+")]
    private static partial Regex LeadingNumbers();
}
