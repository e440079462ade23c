using System.Reflection;
using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace Atelier.TorchSharp.Tests;

public sealed class RuntimeTests
{
    [Fact]
    public void Imports_OfTheNativeLibrary_AllResolve()
    {
        var native = typeof(torch).Assembly.GetType("TorchSharp.Interop.Native", throwOnError: true)!;
        var library = NativeLibrary.Load("atelier_torch", typeof(torch).Assembly, null);
        var names = native.GetMethods(BindingFlags.NonPublic | BindingFlags.Static)
            .Select(method => method.Name).Where(name => name.StartsWith("atorch_", StringComparison.Ordinal)).ToArray();

        var missing = names.Where(name => !NativeLibrary.TryGetExport(library, name, out _));

        Assert.InRange(names.Length, 300, 1000);
        Assert.Equal([], missing);
    }

    [Fact]
    public void Version_OfLibtorch_IsAVersion() => Assert.True(Version.TryParse(__version__.Split('+')[0], out _));

    [Fact]
    public void Threads_WhenSet_AreReported()
    {
        var before = get_num_threads();
        try
        {
            set_num_threads(1);
            Assert.Equal(1, get_num_threads());
        }
        finally
        {
            set_num_threads(before);
        }
    }

    [Fact]
    public void ManualSeed_OfTheProcess_RepeatsItsDraws()
    {
        using var scope = NewDisposeScope();
        using var fork = Generator.Default;
        var state = fork.get_state();
        manual_seed(3);
        Assert.Equal(3, Generator.Default.initial_seed());
        fork.set_state(state);
        Assert.True(state.Equals(fork.get_state()));
    }
}
