using TorchSharp;
using static TorchSharp.torch;

namespace Atelier.TorchSharp.Tests;

public sealed class LinalgTests
{
    [Fact]
    public void Products_OfEachRank_Agree()
    {
        using var scope = NewDisposeScope();
        var a = randn([2, 3, 4], float64);
        var b = randn([2, 4, 5], float64);
        Assert.True(a.bmm(b).allclose(a.matmul(b)));
        Assert.True(a[0].mm(b[0]).allclose(a.matmul(b)[0]));
        Assert.True(a[0].mv(b[0].select(1, 2)).allclose(a[0].mm(b[0]).select(1, 2)));
        Assert.True(a[0, 0].dot(a[0, 1]).allclose((a[0, 0] * a[0, 1]).sum()));
        Assert.Equal([4, 5], a[0, 0].outer(b[0, 0]).shape);
        var start = randn([2, 3, 5], float64);
        Assert.True(start.baddbmm(a, b, 2, 3).allclose(2 * start + 3 * a.bmm(b)));
        Assert.True(a[0].mm(a[0].t()).trace().allclose(a[0].square().sum()));
    }

    [Fact]
    public void Decompositions_OfASymmetricMatrix_RebuildIt()
    {
        using var scope = NewDisposeScope();
        var root = randn([4, 4], float64);
        var a = root.mm(root.t()) + eye(4, dtype: float64);
        var (values, vectors) = linalg.eigh(a);
        Assert.True(a.allclose(vectors.mm(values.diag()).mm(vectors.t())));
        Assert.True(values.allclose(linalg.eigvalsh(a)));
        var (u, s, vh) = linalg.svd(root, fullMatrices: false);
        Assert.True(root.allclose(u.mm(s.diag()).mm(vh)));
        Assert.True(s.allclose(linalg.svdvals(root)));
        var l = linalg.cholesky(a);
        Assert.True(a.allclose(l.mm(l.t())));
        var (q, r) = linalg.qr(root);
        Assert.True(root.allclose(q.mm(r)));
        Assert.True(linalg.det(a).log().allclose(linalg.slogdet(a).Item2));
        Assert.True(values.prod().allclose(a.det()));
    }

    [Fact]
    public void Solutions_OfSystems_SatisfyThem()
    {
        using var scope = NewDisposeScope();
        var a = randn([3, 3], float64) + 3 * eye(3, dtype: float64);
        var b = randn([3, 2], float64);
        Assert.True(b.allclose(a.mm(linalg.solve(a, b))));
        Assert.True(linalg.inv(a).mm(a).allclose(eye(3, dtype: float64)));
    }

    [Fact]
    public void Norms_ByOrderAndName_Agree()
    {
        using var scope = NewDisposeScope();
        var a = Values.Counting(2, 2);
        Assert.Equal(Math.Sqrt(14), linalg.norm(a).ToDouble(), 1e-12);
        Assert.Equal(Math.Sqrt(14), linalg.norm(a, "fro").ToDouble(), 1e-12);
        Values.Close([1, 5], linalg.norm(a, 1.0, [1]));
        Values.Close([1, Math.Sqrt(13)], linalg.vector_norm(a, dims: [1]));
        Assert.Equal(6, linalg.vector_norm(a, 1).ToDouble(), 1e-12);
    }
}
