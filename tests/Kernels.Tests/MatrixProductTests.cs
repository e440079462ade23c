namespace Atelier.Kernels.Tests;

public sealed unsafe class MatrixProductTests
{
    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(1, 512, 512)] // a fully connected layer on one sample
    [InlineData(8, 70, 513)]
    [InlineData(5, 3, 37)]
    [InlineData(9, 33, 16)]
    [InlineData(12, 32, 300)] // two blocks of the depth
    [InlineData(100, 130, 40)] // several blocks of rows, packed
    [InlineData(131, 50, 257)]
    [InlineData(3, 600, 5)] // several blocks of columns
    [InlineData(64, 64, 0)]
    [InlineData(10, 300, 7)] // a few outer products
    [InlineData(7, 4100, 131)] // a few rows times a matrix that no cache holds
    [InlineData(4, 2051, 300)]
    public void Multiply_AnyShape_IsTheSumInDoublesAtEveryWidthAndForAnyThreads(int m, int n, int k)
    {
        foreach (bool aTransposed in (bool[])[false, true])
            foreach (bool bTransposed in (bool[])[false, true])
            {
                // Rows lie further apart than they are long.
                int lda = (aTransposed ? m : k) + 3, ldb = (bTransposed ? k : n) + 1, ldc = n + 2;
                using Floats a = Floats.Random((long)(aTransposed ? k : m) * lda, 1), b = Floats.Random((long)(bTransposed ? n : k) * ldb, 2), bias = Floats.Random(n, 3);
                float* addend = aTransposed || !bTransposed ? null : bias.Pointer;
                var bits = EveryWidth.SameBits(() =>
                {
                    using var c = new Floats((long)m * ldc);
                    MatrixProduct.Multiply(m, n, k, a.Pointer, lda, aTransposed, b.Pointer, ldb, bTransposed, c.Pointer, ldc, addend);
                    return c.Bits();
                });
                for (int i = 0; i < m; i++)
                    for (int j = 0; j < ldc; j++)
                    {
                        float actual = BitConverter.Int32BitsToSingle(bits[(i * ldc) + j]);
                        if (j >= n)
                        {
                            Assert.Equal(float.NaN, actual); // between the rows nothing is written
                            continue;
                        }
                        double expected = addend == null ? 0 : addend[j];
                        for (int p = 0; p < k; p++)
                            expected += a[aTransposed ? (p * lda) + i : (i * lda) + p] * b[bTransposed ? (j * ldb) + p : (p * ldb) + j];
                        Assert.InRange(actual - expected, -2e-6 * (1 + Math.Sqrt(k)), 2e-6 * (1 + Math.Sqrt(k)));
                    }
            }
    }
}
