import time, numpy as np, scipy.fft, torch
torch.set_num_threads(1)
x=np.random.default_rng(0).standard_normal(160000).astype(np.float32)
w=np.hanning(1025)[:-1].astype(np.float32)
def frames(x):
    p=np.zeros(161024,np.float32); p[512:-512]=x
    return np.lib.stride_tricks.sliding_window_view(p,1024)[::400]
def t(f,n=30):
    f(); best=9
    for _ in range(n):
        a=time.perf_counter(); f(); best=min(best,time.perf_counter()-a)
    return best*1e3
M=np.random.rand(513,64).astype(np.float32)
F=frames(x)*w
S=scipy.fft.rfft(F,workers=1)
Sr=(S.real**2+S.imag**2)
print('frame*w',t(lambda:frames(x)*w)); print('scipy rfft',t(lambda:scipy.fft.rfft(F,workers=1)));print('np rfft',t(lambda:np.fft.rfft(F)))
tf=torch.from_numpy(F); print('torch rfft',t(lambda:torch.fft.rfft(tf)))
xt=torch.from_numpy(x); wt=torch.from_numpy(w); print('torch stft',t(lambda:torch.stft(xt,1024,400,1024,wt,center=True,pad_mode='constant',return_complex=True)))
print('power',t(lambda:S.real**2+S.imag**2)); print('matmul',t(lambda:Sr@M)); 
V=S.view(np.float32)
print('power2 einsum', t(lambda: np.multiply(V,V)))
V2=V*V; M2=np.repeat(M,2,axis=0)
print('matmul2',t(lambda:V2@M2))
print('log', t(lambda:np.log10(np.maximum(Sr@M,1e-10))) )
C=np.ascontiguousarray(F[:400].reshape(200,2,1024).transpose(0,2,1)).view(np.complex64)[...,0]
print('complex fft', t(lambda:scipy.fft.fft(C,workers=1)))
print('1frame loop blocks', t(lambda:[scipy.fft.rfft(F[i:i+50]) for i in range(0,400,50)]))
tc=torch.from_numpy(C); print('torch cfft', t(lambda:torch.fft.fft(tc)))
