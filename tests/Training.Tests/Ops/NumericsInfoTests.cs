using Atelier.Training.Ops;

namespace Atelier.Training.Tests.Ops;

public class NumericsInfoTests
{
    [Fact]
    public void Properties_OnThisMachine_NameTheLibraries()
    {
        Assert.Matches(@"^\d+\.\d+\.\d+", NumericsInfo.LibtorchVersion);
        Assert.NotEmpty(NumericsInfo.OneDnnVersion);
        Assert.NotEmpty(NumericsInfo.Blas);
        Assert.Matches("^(avx2|portable) kernels on a CPU with ", NumericsInfo.InstructionSet);
        Assert.InRange(NumericsInfo.Threads, 1, 1024);
    }
}
