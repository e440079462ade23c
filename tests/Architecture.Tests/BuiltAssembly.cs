using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace Atelier.Architecture.Tests;

/// <summary>What the compiler wrote down about an assembly of ours.</summary>
internal static class BuiltAssembly
{
    private static readonly string ClassLibrary = Path.GetDirectoryName(typeof(object).Assembly.Location)!;

    // Hosting, dependency injection and Kestrel come with .NET too, in the folder beside.
    private static readonly string WebLibrary = ClassLibrary.Replace("Microsoft.NETCore.App", "Microsoft.AspNetCore.App", StringComparison.Ordinal);

    /// <summary>Whether the assembly is part of .NET's class library; <c>System.CommandLine</c>, a package, is not.</summary>
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
