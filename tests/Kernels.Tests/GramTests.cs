namespace Atelier.Kernels.Tests;

public sealed unsafe class GramTests
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(7, 3)]
    [InlineData(3, 7)]
    [InlineData(128, 12)]
    [InlineData(129, 13)]
    [InlineData(130, 25)]
    [InlineData(900, 65)]
    [InlineData(0, 5)]
    public void Compute_AnyShape_IsTheProductAndSymmetric(int rows, int columns)
    {
        using var x = Floats.Random((long)rows * columns, 1);
        var wide = x.Span.ToArray().Select(v => (double)v).ToArray();
        double[] On(VectorWidth width, int threads, bool single)
        {
            var result = new double[columns * columns];
            Array.Fill(result, double.NaN);
            (KernelLaunch.Width, ThreadTeam.DefaultThreads) = (width, threads);
            fixed (double* target = result, source = wide)
            {
                if (single)
                    Gram.Compute(rows, columns, x.Pointer, target);
                else
                    Gram.Compute(rows, columns, source, target);
            }
            (KernelLaunch.Width, ThreadTeam.DefaultThreads) = (0, 1);
            return result;
        }

        var gram = On(VectorWidth.Portable, 1, true);
        Assert.Equal(gram, On(VectorWidth.Portable, 3, true));
        Assert.Equal(gram, On(VectorWidth.Avx512, 1, true));
        Assert.Equal(gram, On(VectorWidth.Avx512, 2, false));
        for (int i = 0; i < columns; i++)
        {
            for (int j = 0; j < columns; j++)
            {
                Assert.Equal(Enumerable.Range(0, rows).Sum(n => x[(n * columns) + i] * x[(n * columns) + j]), gram[(i * columns) + j], 1e-12 * Math.Max(1, rows));
                Assert.Equal(gram[(j * columns) + i], gram[(i * columns) + j]);
            }
        }
    }
}
