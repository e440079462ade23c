using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace Atelier.Architecture.Tests;

/// <summary>What the compiler wrote down about an assembly of ours.</summary>
internal static class BuiltAssembly
{
    private static readonly string ClassLibrary = Path.GetDirectoryName(typeof(object).Assembly.Location)!;

    // Beside the class library's folder, in the same version: ASP.NET Core comes with the SDK too.
    private static readonly string WebLibrary = Path.Combine(ClassLibrary, "..", "..", "Microsoft.AspNetCore.App", Path.GetFileName(ClassLibrary));

    /// <summary>Whether the assembly is part of .NET's class library or of ASP.NET Core; <c>System.CommandLine</c>, a package, is not.</summary>
    public static bool IsClassLibrary(string name) =>
        File.Exists(Path.Combine(ClassLibrary, name + ".dll")) || File.Exists(Path.Combine(WebLibrary, name + ".dll"));

    /// <summary>The assemblies that a built one uses, the class library left out.</summary>
    /// <param name="name">Its name; it lies beside this test.</param>
    public static IReadOnlyList<string> ReferencesOf(string name)
    {
        var path = Path.Combine(AppContext.BaseDirectory, name + ".dll");
        Assert.True(File.Exists(path), $"{name}.dll is not beside the test; let tests/Architecture.Tests reference the project, so that its assembly is checked too");
        using var file = File.OpenRead(path);
        using var image = new PEReader(file);
        var metadata = image.GetMetadataReader();
        return [.. metadata.AssemblyReferences
            .Select(handle => metadata.GetString(metadata.GetAssemblyReference(handle).Name))
            .Where(reference => !IsClassLibrary(reference))];
    }
}
